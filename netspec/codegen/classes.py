"""Turn the instances of blocks into classes: instances with the same code share a class, and sizes are its arguments.

The code of a class comes from the block elaborated with open sizes, so that it says `4 * d` if the spec says so. A
value that open sizes do not determine becomes a literal if all instances have the same value, else an argument.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from netspec.codegen import initial, modules
from netspec.codegen.formulas import evaluate, names_of, python_of
from netspec.codegen.forward import STATE, Draft, Forward, Pass
from netspec.codegen.modules import collect, made_alone
from netspec.codegen.pynames import Namer, class_name, is_taken
from netspec.codegen.python import (
    UNKNOWN,
    Assign,
    Class,
    Do,
    For,
    Function,
    If,
    Parameter,
    Progression,
    Return,
    Statement,
    Value,
    call,
    changed,
    expressions,
    fill,
    flat,
    literal,
    name,
    names_in,
    parse,
    rebuilt,
    walk,
)
from netspec.codegen.site import Site
from netspec.elaborate.keys import MODULE_ATTRIBUTES, snake
from netspec.elaborate.symbolic import Unsuited, symbolic
from netspec.ir.graph import Graph, Scope
from netspec.ir.sizes import Formula
from netspec.ir.types import Type

MANY = 6  # a function with more results than this is annotated `tuple[Tensor, ...]`
LOOP = 2  # the net initialises arrays of the same kind in one loop if there are at least so many of them


@dataclass(slots=True)
class Argument:
    """One argument of a class: a size or parameter of the block, or a value of its code that differs by instance."""

    name: str
    values: tuple[Any, ...]  # the value of each instance
    symbol: str = ""  # the name of the size or parameter, or "" for a value of the code
    leaf: int = -1  # the position of the value in `Draft.leaves`, or -1 for a size or parameter
    attribute: str = ""  # the attribute of `self` that holds the argument, if `forward` reads it

    @property
    def annotation(self) -> str:
        kinds = {type(value) for value in self.values}
        for options, text in (({int}, "int"), ({int, float}, "float"), ({bool}, "bool"), ({str}, "str")):
            if kinds <= options:
                return text
        return "Any"


@dataclass(slots=True)
class Definition:
    """One class or function of the emitted source."""

    name: str
    drafts: list[Draft]  # the drafts of all instances that share this class
    code: Draft  # the draft that is written into the source: the one with open sizes, if there is one
    arguments: list[Argument] = field(default_factory=list)
    # by position in `Draft.leaves`: the expression that is written for this value; all others are literals
    shown: dict[int, ast.expr] = field(default_factory=dict)
    is_net: bool = False

    @property
    def draft(self) -> Draft:
        return self.drafts[0]

    @property
    def function(self) -> bool:
        return self.draft.function

    @property
    def stateful(self) -> bool:
        return self.draft.stateful

    @property
    def trains(self) -> bool:
        return self.draft.trains

    @property
    def lengths(self) -> list[str]:
        return self.draft.lengths

    def draft_leaf(self, position: int) -> Any:
        """Return the value at a position of `Draft.leaves` in the first instance."""
        return self.draft.leaves[position].value

    def values(self, site: Site, scope: Scope) -> Iterator[ast.expr]:
        """Yield the values that an instance passes for the arguments of the class."""
        for argument in self.arguments:
            if argument.symbol:
                yield Value(scope.params[argument.symbol], name=argument.name)
            else:
                found = next((draft for draft in self.drafts if draft.scope is scope), None)
                yield Value(UNKNOWN if found is None else found.leaves[argument.leaf].value, name=argument.name)

    def construct(self, site: Site, scope: Scope) -> ast.expr:
        """Return the constructor call of an instance: `Transformer(d, heads, p)`, with modules for step parameters."""
        given: list[ast.expr] = []
        if self.draft.given:
            inner = collect_given(site, scope)
            given = [inner[item.name] for item in self.draft.given]
        return call(self.name, [*self.values(site, scope), *given])


def collect_given(site: Site, scope: Scope) -> dict[str, ast.expr]:
    """Return the constructor calls of the modules that the caller of a block passes for its step parameters."""
    return {item.name: made_alone(site, item.holder) for item in modules.given(site, scope)}


class Classes:
    """All classes of one net, each before the classes that use it. The net's class has a method for each pass."""

    def __init__(self, graph: Graph, passes: Iterable[Pass] = ()) -> None:
        self.graph = graph
        self.by_scope: dict[int, Definition] = {}
        self.site = Site(graph, self.of)
        parts = frozenset(self.site.part_names())
        self.namer = Namer(parts)
        self.site.taken = parts
        self.optional: set[str] = set()  # classes of modules whose bias may be missing
        self.everywhere = self._everywhere()
        self.definitions: list[Definition] = []
        for scopes in self._levels():
            self._group(scopes)
        scope = graph.scopes[0]
        self.net = self._define(class_name(scope.name), [self._draft(self.site, scope)])
        self.net.is_net = True
        self.passes = [self._pass(scope, part) for part in passes]

    def _pass(self, scope: Scope, part: Pass) -> Draft:
        draft = Draft(scope, modules=self.net.draft.modules)
        Forward(self.site, scope, draft).write(part)
        return draft

    def of(self, scope: Scope) -> Definition:
        return self.by_scope[scope.index]

    # ---- grouping

    def _levels(self) -> list[list[Scope]]:
        """Return the blocks in levels: a block calls only blocks of earlier levels, so their classes exist already."""
        heights: dict[int, int] = {}
        for scope in reversed(self.graph.scopes):
            inner = [heights[child] for child in scope.children]
            own = scope.kind == "block" and scope.index not in self.site.inlined
            heights[scope.index] = max(inner, default=0) + (1 if own else 0)
        levels: dict[int, list[Scope]] = {}
        for scope in self.graph.scopes:
            if scope.kind == "block" and scope.index not in self.site.inlined:
                levels.setdefault(heights[scope.index], []).append(scope)
        return [levels[height] for height in sorted(levels)]

    def _group(self, scopes: list[Scope]) -> None:
        groups: dict[tuple[object, ...], list[Draft]] = {}
        for scope in scopes:
            draft = self._draft(self.site, scope)
            key = (id(scope.source), scope.index in self.site.in_loops, draft.signature)
            groups.setdefault(key, []).append(draft)
        for drafts in groups.values():
            source = drafts[0].scope.source
            block = drafts[0].scope.name if source is None else str(source.body.name.text)
            self._define(snake(block) if drafts[0].function else class_name(block), drafts)

    def _define(self, wanted: str, drafts: list[Draft]) -> Definition:
        definition = Definition(self.namer.fresh(wanted), drafts, drafts[0])
        if definition.function:
            self.site.taken |= {definition.name}
        open_ = self._open(drafts)
        settle(definition, open_)
        self.definitions.append(definition)
        for draft in drafts:
            self.by_scope[draft.scope.index] = definition
        return definition

    def _draft(self, site: Site, scope: Scope) -> Draft:
        function = scope.kind == "block" and not site.stores(scope)
        draft = Draft(scope, function, modules=collect(site, scope))
        everywhere = self.everywhere
        draft.init = modules.statements(draft.modules, {key for key, _ in everywhere})
        Forward(site, scope, draft).write()
        return draft

    def _open(self, drafts: list[Draft]) -> Draft | None:
        """Return the draft of a class from the block elaborated with open sizes.

        Return None if the block cannot be elaborated so, or if its code then differs from that of the instances.
        """
        scopes = [draft.scope for draft in drafts]
        first = scopes[0]
        if first.source is None:
            return None
        try:
            graph = symbolic(scopes, [self._inputs(scope) for scope in scopes])
        except Unsuited:
            return None
        if len(graph.scopes) != 1 + sum(_within(self.graph, scope, first) for scope in self.graph.scopes):
            return None
        root = graph.scopes[0]
        root.kind, root.again = first.kind, first.again
        if first.kind == "block" and not root.ports:  # a net that is called as a block
            root.ports = graph.inputs
        site = Site(
            graph,
            lambda scope: self.by_scope[first.index + scope.index],
            self.site.taken,
            stepwise=first.index in self.site.in_loops,
            names=self.site.names,
            onward=self.site.goes_on,
        )
        for scope in graph.scopes[1:]:
            if scope.kind == "block" and first.index + scope.index in self.site.inlined:
                return None
        draft = self._draft(site, root)
        return draft if draft.signature == drafts[0].signature else None

    def _inputs(self, scope: Scope) -> list[Type]:
        return [self.graph.nodes[number].type for number in scope.ports]

    # ---- what starts alike in the whole net

    def _everywhere(self) -> list[tuple[tuple[str, str], tuple[str, tuple[Any, ...]]]]:
        """Return pairs of (class of module, array) and the call that initialises this array in all such modules.

        Only arrays that occur several times in the net and all start in the same way are listed.
        """
        starts: dict[tuple[str, str], set[Any]] = {}
        counts: Counter[tuple[str, str]] = Counter()
        made: Counter[str] = Counter()
        for node in self.graph.nodes:
            if not node.key or node.again or node.bare:
                continue
            lowering = self.site.lowering(node)
            assert lowering.module is not None
            made[lowering.module.call] += 1
            owners = set()
            for weight in node.op.weights(*self.site.types(node)):
                owner, _, part = weight.name.rpartition(".")
                kind = "nn.Linear" if owner else lowering.module.call
                if owner and owner not in owners:
                    made[kind] += 1
                owners.add(owner)
                start = initial.start(weight, node.op.sets_initial(part) or weight.init.name == "given")
                starts.setdefault((kind, part), set()).add(start)
                counts[kind, part] += 1
        everywhere = []
        for (kind, part), found in starts.items():
            start = next(iter(found))
            if len(found) > 1 or start is None or "copy_" in start[0] or counts[kind, part] < LOOP:
                continue
            if counts[kind, part] == made[kind] or part == "bias":
                everywhere.append(((kind, part), start))
                if counts[kind, part] < made[kind] or "Conv" in kind:
                    self.optional.add(kind)
        return everywhere

    def start_all(self) -> list[Statement]:
        """Return the loop `for module in self.modules():` that initialises the arrays of `_everywhere`."""
        tests: dict[tuple[str, tuple[Any, ...], str], list[str]] = {}
        for (kind, part), (template, numbers) in self.everywhere:
            tests.setdefault((template, numbers, part), []).append(kind)
        body: list[Statement] = []
        for (template, numbers, part), kinds in tests.items():
            shown = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
            test = f"isinstance(module, {shown})"
            if part == "bias" and self.optional.intersection(kinds):
                test += " and module.bias is not None"
            values = {str(at): parse(literal(number)) for at, number in enumerate(numbers)}
            body.append(If(parse(test), [Do(fill(template, {"w": parse(f"module.{part}"), **values}))]))
        return [For("module", parse("self.modules()"), body)] if body else []


def _within(graph: Graph, scope: Scope, around: Scope) -> bool:
    while scope.parent >= 0:
        if scope.parent == around.index:
            return True
        scope = graph.scopes[scope.parent]
    return False


# ---- how values are written


def settle(definition: Definition, open_: Draft | None) -> None:
    """Decide how each value of a class is written, and thereby which arguments the class takes."""
    if open_ is not None:
        definition.code = open_
    drafts = definition.drafts
    columns = [tuple(value.value for value in column) for column in zip(*(d.leaves for d in drafts), strict=True)]
    said = [value.value for value in open_.leaves] if open_ is not None else [None] * len(columns)
    sizes = {word: _column(drafts, word) for word in _order(drafts[0].scope)}
    codes: dict[int, ast.expr] = {}
    # A literal that depends on a size would become wrong if another value were passed for this size.
    # So sizes that such literals depend on are no arguments.
    closed: set[str] = set()
    for position, (column, formula) in enumerate(zip(columns, said, strict=True)):
        if isinstance(formula, Formula) and formula.values == column:
            code = python_of(formula, sizes)
            if code is not None:
                codes[position] = code
        if isinstance(formula, Formula) and position not in codes:
            closed |= {word for word in names_of(formula) if word in sizes and len(set(sizes[word])) == 1}
    codes = {position: _without(code, closed, sizes) for position, code in codes.items()}
    codes = {position: code for position, code in codes.items() if not isinstance(code, ast.Constant)}
    read = {word for code in codes.values() for word in names_in(code)}
    arguments = {word: Argument(word, sizes[word], symbol=word) for word in sizes if word in read}
    for position, column in enumerate(columns):
        if position not in codes and len(set(map(repr, column))) > 1:
            key = next((word for word, each in sizes.items() if _alike(each, column)), "")
            key = key or next((word for word, each in arguments.items() if _alike(each.values, column)), "")
            if not key:
                wanted = drafts[0].leaves[position].name.rstrip("0123456789") or "size"
                key = f"{wanted} {position}"  # no name of a spec has a blank
                arguments[key] = Argument(wanted, column, leaf=position)
            elif key not in arguments:
                arguments[key] = Argument(key, column, symbol=key)
            codes[position] = ast.Name(key)
    definition.arguments = list(arguments.values())
    _name_all(definition, arguments, codes)


def _without(code: ast.expr, closed: set[str], sizes: dict[str, tuple[Any, ...]]) -> ast.expr:
    """Return an expression in which the values of the closed sizes replace their names."""
    if not closed & names_in(code):
        return code

    def put(node: Any) -> Any:
        if isinstance(node, ast.Name) and node.id in closed:
            return ast.Constant(sizes[node.id][0])
        if isinstance(node, ast.expr) and names_in(node) <= closed:
            return ast.Constant(evaluate(node, {word: sizes[word][0] for word in closed}))
        return rebuilt(node, put)

    found: ast.expr = put(code)
    return found


def _order(scope: Scope) -> list[str]:
    """Return the names of a block's sizes in the order of its class: those of its inputs, then its parameters."""
    if scope.kind == "net":
        return list(scope.arguments)
    return [*(word for word in scope.params if word not in scope.given), *scope.given]


def size_of(scope: Scope, word: str) -> Any:
    """Return the value of a size or parameter of a block or net."""
    return scope.params[word] if word in scope.params else scope.arguments.get(word)


def _column(drafts: list[Draft], word: str) -> tuple[Any, ...]:
    return tuple(size_of(draft.scope, word) for draft in drafts)


def _alike(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return list(map(repr, one)) == list(map(repr, other))


def _name_all(definition: Definition, arguments: dict[str, Argument], codes: dict[int, ast.expr]) -> None:
    """Choose names for arguments and attributes that differ from the names of modules and variables."""
    code = definition.code
    namer = Namer(code.names if definition.function else ())
    for argument in arguments.values():
        argument.name = namer.fresh(argument.name + "_" if is_taken(argument.name) else argument.name)
    attributes = Namer((*MODULE_ATTRIBUTES, *code.modules.root.below))
    made = sum(isinstance(node, Value) for line in code.init for each in expressions(line) for node in walk(each))

    def placed(position: int) -> ast.expr:
        def put(node: Any) -> Any:
            if not isinstance(node, ast.Name):
                return rebuilt(node, put)
            argument = arguments.get(node.id)
            if argument is None:
                return node
            if position < made or definition.function:
                return name(argument.name)
            if not argument.attribute:
                argument.attribute = attributes.fresh(argument.name)
            return parse(f"self.{argument.attribute}")

        found: ast.expr = put(codes[position])
        return found

    definition.shown = {position: placed(position) for position in sorted(codes)}


# ---- classes as statements


def written(definition: Definition, classes: Classes, about: str) -> Statement:
    """Return the statement of a definition: a class, or a function if the block stores nothing."""
    code = definition.code
    positions = {id(value): position for position, value in enumerate(code.leaves)}

    def put(node: Any) -> Any:
        if isinstance(node, Value):
            position = positions.get(id(node))  # a pass has literals only
            if position in definition.shown:
                return definition.shown[position]
            return parse(literal(node.value if position is None else definition.draft_leaf(position)))
        if isinstance(node, Progression):
            return _progress(put(node.start), put(node.step))
        if isinstance(node, ast.Call):
            keywords = [
                ast.keyword(item.arg, put(item.value))
                for item in node.keywords
                if not _default(item.value, definition, positions)
            ]
            return ast.Call(put(node.func), [put(item) for item in node.args], keywords)
        return rebuilt(node, put)

    lines = [changed(line, put) for line in code.lines]
    returns = [put(value) for value in code.returns]
    if definition.function:
        return _function(definition, lines, returns, about)
    body: list[Function] = []
    init = [changed(line, put) for line in code.init]
    if definition.is_net:
        init += classes.start_all()
    if init or definition.arguments:
        body.append(_init(definition, init))
    body.append(_forward(definition, lines, returns))
    for number, part in enumerate(classes.passes if definition.is_net else ()):
        takes = [Parameter("self"), *(Parameter(item, "Tensor") for item in part.arguments)]
        states = [Assign(state, parse("{}"), STATE) for state in ("before", "after") if part.stateful]
        inner = [*states, *(changed(line, put) for line in part.lines)]
        value = ast.Tuple([put(value) for value in part.returns])
        body.append(Function(pass_name(number), takes, "Any", [*inner, Return(value)]))
    return Class(definition.name, "nn.Module", body, about)


def pass_name(number: int) -> str:
    """Return the name of the method of a pass, from 0."""
    return f"pass_{number}"


def _default(value: ast.expr, definition: Definition, positions: dict[int, int]) -> bool:
    """Whether a keyword argument can be left out because its value is torch's default."""
    if not isinstance(value, Value) or positions.get(id(value)) in definition.shown:
        return False
    position = positions.get(id(value))
    own = value.value if position is None else definition.draft_leaf(position)
    return bool(own == value.default) and type(own) is type(value.default)


def _progress(start: ast.expr, step: ast.expr) -> ast.expr:
    """Return the expression of a value that grows with the round: `64 + 32 * i`."""
    grown = name("i") if flat(step) == "1" else fill("{step} * i", {"step": step})
    return grown if flat(start) == "0" else fill("{start} + {grown}", {"start": start, "grown": grown})


def _init(definition: Definition, made: list[Statement]) -> Function:
    takes = [Parameter("self")]
    for argument in definition.arguments:
        default = literal(argument.values[0]) if definition.is_net else ""
        takes.append(Parameter(argument.name, argument.annotation, default))
    takes += [Parameter(item.name, "nn.Module") for item in definition.draft.given]
    lines: list[Statement] = [Do(parse("super().__init__()"))]
    for argument in definition.arguments:
        if argument.attribute:
            lines.append(Assign(f"self.{argument.attribute}", name(argument.name)))
    return Function("__init__", takes, "None", [*lines, *made])


def _result(count: int) -> str:
    several = ", ".join("Tensor" for _ in range(count)) if count <= MANY else "Tensor, ..."
    return "Tensor" if count == 1 else f"tuple[{several}]"


def _returned(returns: list[ast.expr]) -> ast.expr:
    return returns[0] if len(returns) == 1 else ast.Tuple(returns)


def _stateful(definition: Definition, lines: list[Statement]) -> list[Statement]:
    if not definition.stateful:
        return lines
    return [Assign("before", parse("state or {}"), ""), Assign("after", parse("{}"), STATE), *lines]


def _forward(definition: Definition, lines: list[Statement], returns: list[ast.expr]) -> Function:
    takes = [Parameter("self"), *(Parameter(item, "Tensor") for item in definition.draft.arguments)]
    result, value = _result(len(returns)), _returned(returns)
    if definition.stateful:
        takes.append(Parameter("state", f"{STATE} | None", "None"))
        result = "Any" if definition.is_net else f"tuple[{result}, {STATE}]"
        if definition.is_net:
            takes.append(Parameter("return_state", "bool", "False"))
            value = fill("({value}, after) if return_state else {value}", {"value": value})
        else:
            value = ast.Tuple([value, name("after")])
    return Function("forward", takes, result, [*_stateful(definition, lines), Return(value)])


def _function(definition: Definition, lines: list[Statement], returns: list[ast.expr], about: str) -> Function:
    takes = [Parameter(item, "Tensor") for item in definition.draft.arguments]
    takes += [Parameter(argument.name, argument.annotation) for argument in definition.arguments]
    result, value = _result(len(returns)), _returned(returns)
    if definition.trains:
        takes.append(Parameter("training", "bool"))

        def told(node: Any) -> Any:
            if isinstance(node, ast.Attribute) and node.attr == "training":
                return name("training")
            return rebuilt(node, told)

        lines = [changed(line, told) for line in lines]
    if definition.stateful:
        takes.append(Parameter("state", f"{STATE} | None", "None"))
        result, value = f"tuple[{result}, {STATE}]", ast.Tuple([value, name("after")])
    return Function(definition.name, takes, result, [*_stateful(definition, lines), Return(value)], about)
