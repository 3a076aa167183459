"""The paths of steps with weights in the language, and the keys of their modules in state_dict (rule 20)."""

from __future__ import annotations

from keyword import iskeyword, issoftkeyword
from unicodedata import normalize

from netspec.ir.graph import Node, Scope

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


def assign_keys(nodes: list[Node], scopes: list[Scope]) -> None:
    """Gives every step with weights, and every scope, the key of its module."""
    known = {"": ""}

    def key(path: str) -> str:
        if path not in known:
            first, *others = path.split(".")
            known[path] = ".".join([module_name(first), *(x if x == "start" else module_name(x) for x in others)])
        return known[path]

    for node in nodes:
        node.key, node.tied_key = key(node.path), key(node.tied)
    for scope in scopes:
        scope.key = key(scope.path)
