"""Names what stores weights: its path in the language, and the key of its module in state_dict (rule 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from keyword import iskeyword, issoftkeyword
from typing import Protocol
from unicodedata import normalize

from netspec.ir.graph import Layer, Node, Origins, Scope
from netspec.ir.operation import Weight

# Names that a module attribute must not have, mostly attributes of nn.Module; a label that equals one gets `_`
# appended. The list is fixed for version 1 of the language, whatever newer versions of torch add, so that keys never
# change.
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu
    cuda double dump_patches eval
    extra_repr
    float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia
    named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad weight bias self start""".split()
)


def module_name(label: str) -> str:
    """Return a label as a part of a key, and as an attribute in emitted source.

    The label is normalized (NFKC) as Python does with identifiers; a reserved word gets `_` appended.
    """
    if not label.isascii():
        label = normalize("NFKC", label)
    if label in MODULE_ATTRIBUTES or (iskeyword(label) and not issoftkeyword(label)):
        return label + "_"
    return label


def module_path(path: str) -> str:
    """Return a path with each part as a module name; two paths name the same module if the results are equal."""
    first, *others = path.split(".")
    return ".".join([module_name(first), *(each if each == "start" else module_name(each) for each in others)])


class Names:
    """Chooses the paths of the steps of one line (or one round) that store something.

    The main step of the line gets `path`, every further step `path.word`. The main step is the first noun (perceptrons
    or filters), block or repeat. If the line has none of these, the main step is the first step with weights that is no
    norm, or else the first step with weights; this is known only at the end of the line.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.taken = False
        self.counts: dict[str, int] = {}
        self.waiting: list[tuple[Node, str, bool]] = []

    def module(self, word: str) -> str:
        """Return the path of a noun, block or repeat."""
        if not self.taken:
            self.taken = True
            return self.path
        return f"{self.path}.{self._numbered(word)}"

    def weighted(self, node: Node, word: str, norm: bool) -> None:
        """Keep a step with weights that is no noun; `finish` sets its path at the end of the line."""
        self.waiting.append((node, word, norm))

    def finish(self) -> None:
        if not self.taken and self.waiting:
            main = next((entry for entry in self.waiting if not entry[2]), self.waiting[0])
            main[0].path = self.path
            self.waiting.remove(main)
            self.taken = True
        for node, word, _ in self.waiting:
            node.path = f"{self.path}.{self._numbered(word)}"
        self.waiting.clear()

    def _numbered(self, word: str) -> str:
        number = self.counts.get(word, 0) + 1
        self.counts[word] = number
        return word if number == 1 else f"{word}{number}"


# ---- keys


def assign_keys(graph: Members, weights: Mapping[int, Sequence[Weight]]) -> None:
    """Give every step with weights, and every block, the key of its module in state_dict.

    All attributes of one body have different names. The main step of a line is named `LINE`, every further step
    `LINE_word`; for the rounds of a repeat, a number that counts from 0 follows the name. Labels are never changed for
    this; if a name `LINE_word` is taken already, it gets a number: 2, 3, ….
    """
    Namespaces(graph, weights).run()


class Members(Protocol):
    """The attributes that are needed to choose keys; a Graph has them, and so has a Builder."""

    nodes: list[Node]
    layers: list[Layer]
    scopes: list[Scope]


@dataclass(slots=True)
class Slot:
    """A step of a line that stores something; in a repeat it stands for the same step in all rounds."""

    word: str
    # each with the numbers of the rounds around it, the outermost first
    holders: list[tuple[Node | Scope, tuple[int, ...]]]
    leads: bool  # whether it is preferred as main step of the line: a noun, a block or a step given as an argument
    norm: bool = False
    block: bool = False
    fixed: bool = False  # whether it is named `LINE_word` even if it is the only one

    def deeper(self, number: int) -> Slot:
        """Return a copy of the slot whose holders stand in one more round around them."""
        holders = [(holder, (number, *rounds)) for holder, rounds in self.holders]
        return replace(self, holders=holders)


class Namespaces:
    """Names the attributes of every body of a graph."""

    def __init__(self, graph: Members, weights: Mapping[int, Sequence[Weight]]) -> None:
        self.graph = graph
        self.weights = weights
        self.known: dict[str, str] = {}  # keys by path, to find the key of weights that are used again or tied
        count = len(graph.nodes)
        self.owned = [0] * (count + 1)  # for each index: how many nodes before it store something of their own
        for index, node in enumerate(graph.nodes):
            self.owned[index + 1] = self.owned[index] + self._owns(node)
        self.inner: dict[int, list[Scope]] = {}
        for scope in graph.scopes[1:]:
            self.inner.setdefault(scope.parent, []).append(scope)

    def _owns(self, node: Node) -> bool:
        if node.again or node.index not in self.weights:
            return False
        return not node.tied or any(weight.name != "weight" for weight in self.weights[node.index])

    def run(self) -> None:
        if self.owned[-1]:
            self.body(self.graph.scopes[0], "")
        for node in self.graph.nodes:
            if node.again and node.path:
                node.key = self.known.get(node.path, "")
            if node.tied:
                node.tied_key = self.known.get(node.tied, "")
        for scope in self.graph.scopes:
            if scope.again and scope.kind == "block":
                scope.key = self.known.get(scope.path, "")

    def body(self, scope: Scope, prefix: str) -> None:
        """Choose the keys of everything that a net, or one instance of a block, stores."""
        lines: dict[int, list[Slot]] = {}
        for number, slot in self.slots(scope, scope.index):
            lines.setdefault(number, []).append(slot)
        layers = {number: self.graph.layers[number] for number in sorted(lines)}
        taken = {module_name(layer.label) for layer in layers.values()}
        for number, layer in layers.items():
            if layer.role == "start":
                self.line(f"{layer.label}_start", lines[number], prefix, taken, start=True)
            else:
                self.line(layer.label, lines[number], prefix, taken)

    def slots(self, scope: Scope, home: int) -> Iterator[tuple[int, Slot]]:
        """Yield a slot for everything in a scope that stores something, with the index of its line.

        A repeat yields the slots of the steps inside it.
        """
        inner = {child.first: child for child in self.inner.get(scope.index, ()) if child.last > child.first}
        index = scope.first
        while index < scope.last:
            child = inner.get(index)
            if child is None:
                if self.owned[index] < self.owned[index + 1]:
                    node = self.graph.nodes[index]
                    yield node.layer, self.step(node, home)
                index += 1
                continue
            index = child.last
            if self.owned[child.first] == self.owned[child.last]:
                continue
            if child.copies is not None:  # their owner names them
                continue
            if child.kind == "call":
                yield from self.slots(child, home)
            elif child.kind == "block":
                word = given_for(child.origins, home, self.graph.scopes) or snake(child.name)
                yield child.layer, Slot(word, [(child, ())], leads=True, block=True)
            elif child.shared:
                first = next(item for item in self.inner[child.index])
                yield from self.slots(first, home)
            else:
                yield from self.rounds(child, home)

    def step(self, node: Node, home: int) -> Slot:
        if node.bare and node.tied:  # perceptrons with `tie` store only their bias
            return Slot("bias", [(node, ())], leads=False, fixed=True)
        given = given_for(node.origins, home, self.graph.scopes)
        return Slot(
            given or node.op.name,
            [(node, ())],
            leads=bool(given) or node.op.noun or bool(node.copies),
            norm=node.op.norm,
        )

    def rounds(self, repeat: Scope, home: int) -> Iterator[tuple[int, Slot]]:
        """Yield one slot for each step in the chain of a repeat; the slot holds that step in all rounds."""
        columns: list[tuple[int, Slot]] = []
        for number, child in enumerate(self.inner[repeat.index]):
            for position, (layer, slot) in enumerate(self.slots(child, home)):
                deeper = slot.deeper(number)
                if position < len(columns):
                    columns[position][1].holders.extend(deeper.holders)
                else:
                    columns.append((layer, deeper))
        yield from columns

    def line(self, label: str, slots: list[Slot], prefix: str, taken: set[str], start: bool = False) -> None:
        """Choose the keys of the steps of one line."""
        attribute = module_name(label)
        if start:
            attribute = fresh(attribute, taken)
        if len(slots) > 1 and all(slot.block and all(len(at) < 2 for _, at in slot.holders) for slot in slots):
            holders = [holder for slot in slots for holder, _ in slot.holders]
            for number, holder in enumerate(holders):
                self.give(holder, f"{prefix}{attribute}.{number}")
            return
        able = [slot for slot in slots if not slot.fixed]
        main = next((slot for slot in able if slot.leads), None)
        main = main or next((slot for slot in able if not slot.norm), None) or next(iter(able), None)
        for slot in slots:
            name = attribute if slot is main else fresh(module_name(f"{label}_{slot.word}"), taken)
            for holder, rounds in slot.holders:
                self.give(holder, ".".join([f"{prefix}{name}", *map(str, rounds)]))

    def give(self, holder: Node | Scope, key: str) -> None:
        holder.key = key
        if holder.path:
            self.known.setdefault(holder.path, key)
        if isinstance(holder, Scope):
            self.body(holder, f"{key}.")
            return
        for number in holder.copies:
            scope = self.graph.scopes[number]
            assert scope.copies is not None
            self.give(scope, f"{key}.{scope.copies.name}.*")


def given_for(origins: Origins, home: int, scopes: list[Scope]) -> str:
    """Return the name of the step parameter of a body for which a step was given, or ""."""
    return next((origin.name for origin in origins if origin.scope == home), "")


def fresh(wanted: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, and take it: the second `a_layernorm` becomes `a_layernorm2`."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name)
    return name


def snake(name: str) -> str:
    """Return a name in snake case: `AttendShifted` becomes `attend_shifted`; capitals in a row stay together."""
    out = ""
    for position, char in enumerate(name):
        if char.isupper() and position and (name[position - 1].islower() or name[position - 1].isdigit()):
            out += "_"
        out += char.lower()
    return out
