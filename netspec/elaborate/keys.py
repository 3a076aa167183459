"""The paths of steps with weights in the language, and the keys of their modules in state_dict (rule 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from keyword import iskeyword, issoftkeyword
from typing import Protocol
from unicodedata import normalize

from netspec.ir.graph import Layer, Node, Origins, Scope
from netspec.ir.operation import Weight

# The attributes of nn.Module in version 1 of the language; a label that equals one gets `_` appended.
# The list belongs to the version: it never follows torch's.
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
    """A label as one component of a key and as an attribute in source, in the form that Python gives identifiers."""
    if not label.isascii():
        label = normalize("NFKC", label)
    if label in MODULE_ATTRIBUTES or (iskeyword(label) and not issoftkeyword(label)):
        return label + "_"
    return label


def module_path(path: str) -> str:
    """A path in the form that tells whether two of them would be one module."""
    first, *others = path.split(".")
    return ".".join([module_name(first), *(each if each == "start" else module_name(each) for each in others)])


class Names:
    """Hands out the paths of one line (or one round): its main step owns `path`, the others `path.word`.

    The first noun, block or repeat is the main step. Where a line has none, it is the first weighted step
    that is no norm, else the first weighted one; that is known only at the line's end.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.taken = False
        self.counts: dict[str, int] = {}
        self.waiting: list[tuple[Node, str, bool]] = []

    def module(self, word: str) -> str:
        """The path of a noun, block or repeat."""
        if not self.taken:
            self.taken = True
            return self.path
        return f"{self.path}.{self._numbered(word)}"

    def weighted(self, node: Node, word: str, norm: bool) -> None:
        """A weighted step that is no noun; its path follows at the end of the line."""
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
    """Gives every step with weights, and every block, the key of its module in state_dict.

    The attributes of one body share a namespace: a line's main step is `LINE`, every other `LINE_word`; rounds of
    a repeat are counted from 0 behind the name. Labels keep their names; a word that is taken gets 2, 3, ….
    """
    Namespaces(graph, weights).run()


class Members(Protocol):
    """What keys are worked out from: a graph, or an expansion that becomes one."""

    nodes: list[Node]
    layers: list[Layer]
    scopes: list[Scope]


@dataclass(slots=True)
class Slot:
    """A step of a line that stores something, once or once a round."""

    word: str
    holders: list[tuple[Node | Scope, tuple[int, ...]]]  # each with the numbers of the rounds it stands in
    leads: bool  # may be the line's main step before all others: a noun or a block
    norm: bool = False
    block: bool = False
    fixed: bool = False  # is called `LINE_word` even where it is alone

    def deeper(self, number: int) -> Slot:
        """The same in a round of a repeat."""
        holders = [(holder, (number, *rounds)) for holder, rounds in self.holders]
        return replace(self, holders=holders)


class Namespaces:
    """Names the attributes of every body of a graph."""

    def __init__(self, graph: Members, weights: Mapping[int, Sequence[Weight]]) -> None:
        self.graph = graph
        self.weights = weights
        self.known: dict[str, str] = {}  # keys by path, for what is used again or tied
        count = len(graph.nodes)
        self.owned = [0] * (count + 1)  # how many nodes before this one store something
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
        """Names what a net or one instance of a block stores."""
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
        """What stands in a scope and stores something, each with its line; repeats within are opened."""
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
            if child.kind == "block":
                word = given_for(child.origins, home, self.graph.scopes) or snake(child.name)
                yield child.layer, Slot(word, [(child, ())], leads=True, block=True)
            elif child.shared:
                first = next(item for item in self.inner[child.index])
                yield from self.slots(first, home)
            else:
                yield from self.rounds(child, home)

    def step(self, node: Node, home: int) -> Slot:
        if node.bare and node.tied:  # the bias of perceptrons that borrow their weights
            return Slot("bias", [(node, ())], leads=False, fixed=True)
        given = given_for(node.origins, home, self.graph.scopes)
        return Slot(given or node.op.name, [(node, ())], leads=bool(given) or node.op.noun, norm=node.op.norm)

    def rounds(self, repeat: Scope, home: int) -> Iterator[tuple[int, Slot]]:
        """The steps of a repeat's chain, each in all rounds."""
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
        """Names the steps of one line."""
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


def given_for(origins: Origins, home: int, scopes: list[Scope]) -> str:
    """The step parameter of a body that a step was written for."""
    return next((origin.name for origin in origins if origin.scope == home), "")


def fresh(wanted: str, taken: set[str]) -> str:
    """A name that is not taken: a second `a_layernorm` is `a_layernorm2`."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name)
    return name


def snake(name: str) -> str:
    """`AttendShifted` -> `attend_shifted`; a run of capitals is one word."""
    out = ""
    for position, char in enumerate(name):
        if char.isupper() and position and (name[position - 1].islower() or name[position - 1].isdigit()):
            out += "_"
        out += char.lower()
    return out
