"""Checks what no net uses: blocks that no net calls, unused names, and `default` lines.

A block that no net calls is expanded several times, each time with other sizes for its inputs and parameters. An error
that occurs every time is a mistake in the block. An error that occurs only with some sizes is not reported, since the
block may be right for the sizes that its callers will use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Report, Words
from netspec.elaborate.call import argument
from netspec.elaborate.elaborate import Instance, elaborate_instance
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import Undefined, evaluate, fault, size
from netspec.elaborate.lookup import unknown_step
from netspec.elaborate.options import Given, Source, option_of, plural
from netspec.elaborate.program import Definition, Program, built_in, used_names
from netspec.elaborate.witnesses import find
from netspec.ir.sizes import Formula
from netspec.ir.types import Time, Type
from netspec.limits import Limits
from netspec.ops.registry import operation, step_names
from netspec.source import Span
from netspec.syntax import tree

# ---- blocks that no net calls

MAX_NODES = 2_000  # the limit of nodes in one trial
MAX_ERRORS = 200
_NAME = re.compile(r"\b[^\W\d]\w*\b(?!\()")
_Key = tuple[str, str, int]
_AT_THE_END = frozenset("NS241 NS242 NS243 NS245 NS246 NS621".split())


class _Trial(NamedTuple):
    """Sizes with which a block is tried.

    Attributes:
        parameter: the value of parameters without a default.
        maps: the number of maps and of classes of the inputs.
        space: the number of rows and of columns of the inputs.
        steps: the number of time steps of the inputs; 0 stands for inputs without time.
        ratio: each new name in an annotation gets a size that is larger by this factor for every name before it.
    """

    parameter: int
    maps: int
    space: int
    steps: int
    ratio: float = 1


_TRIALS = (
    _Trial(2, 16, 32, 0), _Trial(2, 16, 32, 12), _Trial(1, 1, 28, 0), _Trial(16, 16, 16, 0), _Trial(3, 12, 96, 0),
    _Trial(4, 64, 224, 0), _Trial(8, 8, 8, 8), _Trial(12, 12, 12, 0), _Trial(1, 1, 1, 0), _Trial(5, 60, 240, 7),
    _Trial(1, 3, 9, 3), _Trial(64, 64, 64, 0), _Trial(2, 2, 2, 2), _Trial(3, 3, 3, 3), _Trial(2, 4, 7, 0),
    _Trial(2, 16, 16, 0, 4), _Trial(2, 512, 512, 0, 0.25), _Trial(2, 8, 8, 4, 2), _Trial(2, 512, 512, 64, 0.5),
)  # fmt: skip


def check_uncalled(program: Program, limits: Limits) -> list[Diagnostic]:
    """Return the mistakes of the blocks in the main file that no net of the file calls."""
    report = Report()
    small = replace(limits, nodes=min(limits.nodes, MAX_NODES))
    for definition in _uncalled(program):
        for diagnostic in _always_wrong(program, definition, small):
            report.add(diagnostic)
        if len(report.errors) >= MAX_ERRORS:
            break
    return report.diagnostics


def _uncalled(program: Program) -> Iterator[Definition]:
    """Yield the blocks that no net reaches, but not those that such a block calls.

    If several such blocks only call each other, the first of them is yielded.
    """
    own = program.main.own
    if all(definition.body.kind == "net" for definition in own.values()):
        return
    calls = {name: used_names(definition) & own.keys() for name, definition in own.items()}
    by_blocks = {inner for name, inside in calls.items() for inner in inside - {name}}
    seen: set[str] = set()

    def reach(name: str) -> None:
        pending = [name]
        while pending:
            following = pending.pop()
            if following not in seen:
                seen.add(following)
                pending += calls[following]

    for definition in program.nets:
        reach(definition.body.name.text)
    for only_uncalled in (True, False):
        for name, definition in own.items():
            if name not in seen and not (only_uncalled and name in by_blocks):
                reach(name)
                yield definition


def _always_wrong(program: Program, definition: Definition, limits: Limits) -> list[Diagnostic]:
    kinds = {param.name.text: _kind(param.name.text, definition.body) for param in definition.body.params or ()}
    instances = _instances(definition, kinds)
    # open sizes come first, since messages then use the names that the block gives to its sizes
    told = {_key(item): item for item in elaborate_instance(program, next(instances), limits)[1].errors}
    if not told or all(map(_is_name, told)):
        return list(told.values())
    trials: list[dict[_Key, Diagnostic]] = []
    for instance in instances:
        found = elaborate_instance(program, instance, limits)[1].errors
        if not found:
            return []
        # ignore sizes that a `require` excludes, or that make the block too large
        if all(item.code not in ("NS511", "NS612") for item in found):
            trials.append({_key(item): item for item in found})
    if not trials:
        return []
    # Some checks, such as that for layers that nothing reads, are made only if all sizes fit. So use the trials in
    # which only such errors were found, if there are any.
    fitting = [errors for errors in trials if all(code in _AT_THE_END for code, _, _ in errors)]
    always = {key: item for key, item in told.items() if all(key in errors for errors in fitting or trials)}
    # a `repeat` with an open count is not expanded, so mistakes about names in it are found only by the trials
    always |= {key: item for key, item in trials[0].items() if _is_name(key) and all(key in each for each in trials)}
    return [item for item in always.values() if not _fits_some_size(item)]


def _is_name(key: _Key) -> bool:
    """Whether a mistake is about a name or the order of lines, so that it occurs with all sizes."""
    return key[0] < "NS23"


def _fits_some_size(diagnostic: Diagnostic) -> bool:
    """Whether two sizes that no trial made equal could be equal with other sizes: `n` and 37, or `3*n` and `2*K`.

    If both sizes have a name in common, as `n` and `2*n`, the trials decide, and the result is False.
    """
    if diagnostic.code == "NS501":  # the type after `is` differs from the type of the line
        return True
    sides = [str(diagnostic.words.get(name, "")) for name in ("a", "b")]
    one, other = (set(_NAME.findall(side)) for side in sides)
    return "" not in sides and bool(one or other) and not one & other


def _key(diagnostic: Diagnostic) -> _Key:
    return (diagnostic.code, *diagnostic.place)


def _instances(definition: Definition, kinds: dict[str, str]) -> Iterator[Instance]:
    """Yield the block with open sizes, and then the block with the sizes of every trial."""
    statements = definition.body.statements
    inputs = [line for line in statements if isinstance(line, tree.Input)]
    home = Environment(definition)
    free = [name for name, kind in kinds.items() if kind == "size"]
    names = list(dict.fromkeys([*free, *(name for line in inputs for name in sorted(_names(line.type)))]))
    bindings = find(names, home, statements)
    symbols = {name: Formula.symbol(name, tuple(found[name] for found in bindings)) for name in names}
    fixed: list[tuple[dict[str, Any], _Trial]] = [({}, trial) for trial in _TRIALS]
    fixed += [(dict(binding), trial) for binding in bindings for trial in _TRIALS[:2]]
    for known, trial in [(symbols if bindings else {}, _TRIALS[0]), *fixed]:
        instance = Instance(Environment(definition), symbols if known is symbols else {})
        for param in definition.body.params or ():
            _parameter(instance, param, kinds[param.name.text], known, trial)
        _stand_ins(instance, inputs, known, trial)
        yield instance


def _parameter(instance: Instance, param: tree.Param, kind: str, known: dict[str, Any], trial: _Trial) -> None:
    name, env = param.name.text, instance.env
    if param.default is not None:
        try:
            env.values[name] = argument(param.default, None, env, env.definition)
        except Fault as error:
            env.undefined.add(name)
            instance.errors.append(error.diagnostic)
        except Undefined:
            env.undefined.add(name)
    elif kind == "size":
        env.values[name] = known.get(name, trial.parameter)
    else:
        env.undefined.add(name)


def _kind(name: str, body: tree.Body) -> str:
    """Return what a parameter without a default must be, judged by its uses: `size`, `step`, or "" if unclear."""
    if any(param.name.text == name and param.default is not None for param in body.params or ()):
        return ""
    found: set[str] = set()
    for value in tree.walk(body.statements):
        sized: tuple[Any, ...] = ()
        match value:
            case tree.Perceptrons():
                sized = (value.units,)
            case tree.Filters():  # `n filters k`: k may be a size or a kernel, `3x3`
                sized = (value.count, *([value.kernel] if len(value.kernel.sizes) > 1 else ()))
            case tree.Repeat() if not value.names:  # else it may be a list
                sized = (value.count,)
            case tree.Input():
                sized = (value.type,)
            case tree.Require():
                sized = (value.left, value.right)
            case tree.Chain() if any(isinstance(item, tree.Ref) and item.name == name for item in value.items):
                found.add("step")
        if name in _names(sized):
            found.add("size")
    return found.pop() if len(found) == 1 else ""


def _names(syntax: Any) -> set[str]:
    return {value.name for value in tree.walk(syntax) if isinstance(value, tree.Ref)}


def _stand_ins(instance: Instance, inputs: list[tree.Input], known: dict[str, Any], trial: _Trial) -> None:
    """Give every input a type: each name in the annotations gets one size of the trial, the same in all inputs."""
    sizes = {**known, **instance.env.values}
    for line in inputs:
        try:
            instance.inputs[line.label.text] = _stand_in(line.type, sizes, instance.env, trial)
        except Fault as error:
            instance.errors.append(error.diagnostic)
        except Undefined:
            continue


def _stand_in(written: tree.TypeText, known: dict[str, Any], env: Environment, trial: _Trial) -> Type:
    def one(value: tree.Value, standard: int) -> Any:
        if not _names(value):  # a plain number
            return size(value, env)
        for name in sorted(_names(value) - known.keys()):
            known[name] = max(1, int(standard * trial.ratio ** (len(known) - len(env.values))))
        found = evaluate(value, Environment(env.definition, known))
        if isinstance(found, (int, float)) and (found < 1 or isinstance(found, float)):
            raise Undefined  # a size such as `2*h - 2*w` may be 0 in this trial
        return found

    dims = () if written.space is None else written.space.sizes
    time = Time(trial.steps) if trial.steps else None
    if written.over is not None:
        time = Time(one(written.over.length, trial.steps or 12), "up to" if written.over.kind == "up to" else "")
    if written.classes is not None:
        classes = one(written.classes, max(2, trial.maps))
        return Type(1, tuple(one(dim, trial.space) for dim in dims), time, classes)
    if written.maps is not None:
        maps = one(written.maps, trial.maps)
        return Type(maps, tuple(one(dim, trial.space) for dim in dims), time)
    if len(dims) == 1:
        return Type(one(dims[0], trial.maps), (), time)
    return Type(1, tuple(one(dim, trial.space) for dim in dims), time)


# ---- names and `default` lines


def unused_names(program: Program) -> Iterator[Diagnostic]:
    """Yield NS250 for every parameter and every name of a `let` line in the main file that nothing uses."""
    unit = program.main
    for definition in unit.own.values():
        body = definition.body
        declared = [param.name for param in body.params or ()]
        declared += [line.name for line in body.statements if isinstance(line, tree.Let)]
        wanted = {name.text for name in declared}
        unread = _without(wanted, (body.params, body.statements))
        if body.kind == "net":
            unread = _without(unread, unit.sections)
        for name in declared:
            if name.text in unread and name.text not in unit.unread:
                yield Diagnostic("NS250", Span(unit.source, *name.at), {"name": name.text}, severity="warning")


def products_of_sizes(program: Program) -> Iterator[Diagnostic]:
    """Yield NS255 for `1@28*28` and `8 filters 3*3` in the main file: a product is the size of one axis."""
    unit = program.main
    for value in tree.walk([one for one in unit.file.declarations if not isinstance(one, tree.Section)]):
        match value:
            case (
                tree.TypeText(maps=tree.Syntax(), space=tree.Grid(sizes=(only,)))
                | tree.Filters(kernel=tree.Grid(sizes=(only,)))
            ):
                match only:
                    case tree.Binary(
                        op="*", left=tree.Number(value=int() as one), right=tree.Number(value=int() as other)
                    ):
                        words: Words = {"product": f"{one}*{other}", "size": one * other, "right": f"{one}x{other}"}
                        span = Span(unit.source, *only.at)
                        yield Diagnostic(
                            "NS255", span, words, fixes=(Fix(span, f"{one}x{other}", False),), severity="warning"
                        )


def idle_defaults(program: Program) -> Iterator[Diagnostic]:
    """Yield NS254 for each `default` line of the main file that has no effect: it stands below all nets and blocks."""
    unit = program.main
    last = max((definition.body.at[0] for definition in unit.own.values()), default=0)
    if not unit.own:
        return
    for default in unit.defaults:
        if default.at[0] > last:
            words = {"step": default.target.text}
            yield Diagnostic("NS254", Span(unit.source, *default.at), words, severity="warning")


def _without(names: set[str], syntax: Any) -> set[str]:
    """Return the names that a piece of syntax does not use; labels and keys of settings do not count as uses."""
    left = set(names)
    for value in tree.walk(syntax) if names else ():
        if isinstance(value, (tree.Ref, tree.Call, tree.Indexed)):
            left.discard(value.path[0])
    return left


_NOUNS = ("perceptrons", "filters")


def check_defaults(program: Program) -> Iterator[Diagnostic]:
    """Yield the mistakes in `default` lines of the main file: unknown steps and unknown options."""
    unit = program.main
    owners = list(unit.own.values())
    lines = [(owners[0], line) for line in unit.defaults if owners]
    lines += [(owner, line) for owner in owners for line in owner.body.statements if isinstance(line, tree.Default)]
    for owner, line in lines:
        try:
            _check(owner, line)
        except Fault as error:
            yield error.diagnostic
        except Undefined:
            continue


def _check(owner: Definition, line: tree.Default) -> None:
    env = Environment(owner)
    name = plural(line.target.text)
    if owner.unit.find(name) is not None or built_in(name) is not None:
        raise fault(env, line.target.at, "NS251", name=name)
    if name not in _NOUNS and name not in step_names():
        if name in owner.unit.unread:
            raise Undefined
        raise unknown_step(name, line.target.at, env, step_names())
    if name in ("same", "reversed"):
        raise fault(env, line.target.at, "NS251", name=name)
    source = Source(line.args, env, True)
    for position, arg in enumerate(line.args):
        option_of(operation(name), arg, position, source, Given())
