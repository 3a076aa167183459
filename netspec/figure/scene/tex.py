r"""Atoms, of which lines of text consist, and the part of TeX that figures set: `h^{(1)}`, `\hat{y}`, `\mathbb{R}^d`.

In a symbol everything is mathematics, in other texts what stands between two `$`: the first is followed by no space,
the second follows no space and stands before no digit, as in Markdown. Any other `$` is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple
from unicodedata import normalize

Style = Literal["italic", "upright", "strong", "sans", "bold"]  # strong: a bold letter of mathematics
# each accent, and the character that puts it on the letter before
ACCENTS = {"ˆ": "\u0302", "˜": "\u0303", "‾": "\u0304", "˙": "\u0307", "¨": "\u0308", "→": "\u20d7"}


class Atom(NamedTuple):
    """A text in one style, with its subscript and its superscript.

    `over`: an accent that stands on the text. `bar`: a line behind the text, with a bar over it: √ and \\bar.
    """

    text: str
    style: Style = "sans"
    sub: tuple[Atom, ...] = ()
    sup: tuple[Atom, ...] = ()
    over: str = ""
    bar: tuple[Atom, ...] = ()

    @property
    def spelled(self) -> str:
        """The text without its scripts, as plain characters: ŷ, √(d)."""
        inner = plain(self.bar)
        if self.bar and not self.text:
            return normalize("NFC", inner + ACCENTS["‾"]) if len(inner) == 1 else f"bar({inner})"
        text = normalize("NFC", self.text + ACCENTS[self.over]) if self.over else self.text
        return f"{text}({inner})" if len(inner) > 1 else text + inner


Line = tuple[Atom, ...]


def plain(line: Line) -> str:
    """Return a line as plain text in the notation of LaTeX: `x_1`, `z_j^(t)`, `W^{d×H}`."""
    text = ""
    for atom in line:
        text += atom.spelled
        for sign, script in (("_", atom.sub), ("^", atom.sup)):
            if script:
                inner = plain(script)
                text += f"{sign}{inner}" if len(inner) == 1 or inner.startswith("(") else f"{sign}{{{inner}}}"
    return text


_GREEK: Final = {
    name: chr(code)
    for code, name in enumerate(
        "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau"
        " upsilon varphi chi psi omega".split(),
        0x3B1,
    )
} | {"epsilon": "ϵ", "phi": "ϕ", "vartheta": "ϑ"}
_CAPITALS: Final = dict(zip("Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split(), "ΓΔΘΛΞΠΣΥΦΨΩ"))
# signs between two operands: at the level of the line they have a space on both sides
_BETWEEN: Final = {
    "times": "×", "pm": "±", "odot": "⊙", "oplus": "⊕", "otimes": "⊗", "in": "∈", "notin": "∉", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "gets": "←", "mapsto": "↦", "Rightarrow": "⇒", "le": "≤", "leq": "≤", "ge":
    "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "∼", "equiv": "≡", "propto": "∝", "ll": "≪", "gg":
    "≫", "subset": "⊂", "cup": "∪", "cap": "∩", "mid": "∣",
}  # fmt: skip
_SIGNS: Final = {
    "cdot": "·", "circ": "∘", "ast": "∗", "sum": "∑", "prod": "∏", "int": "∫", "infty": "∞", "partial": "∂",
    "nabla": "∇", "top": "⊤", "bot": "⊥", "prime": "′", "dots": "…", "ldots": "…", "cdots": "⋯", "vdots": "⋮",
    "ddots": "⋱", "ell": "ℓ", "forall": "∀", "exists": "∃", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor":
    "⌋", "lceil": "⌈", "rceil": "⌉", "emptyset": "∅", "|": "‖", "Vert": "‖", "{": "{", "}": "}", "$": "$", "%": "%",
    "#": "#", "&": "&", "_": "_", "\x20": "\x20", ",": "\u2009", ";": "\u2005", ":": "\u2005", "!": "", "quad":
    "\u2003", "left": "", "right": "",
}  # fmt: skip
_NAMES: Final = frozenset(
    "exp log ln max min arg argmax argmin sin cos tan sinh cosh tanh softmax sigmoid dim det".split()
)
_ACCENTS: Final = {"hat": "ˆ", "widehat": "ˆ", "tilde": "˜", "widetilde": "˜", "dot": "˙", "ddot": "¨", "vec": "→"}
_BARS: Final = {"bar": "", "overline": "", "sqrt": "√"}
_FONTS: Final[dict[str, Style]] = {
    "mathrm": "upright", "text": "upright", "operatorname": "upright", "mathbf": "strong", "boldsymbol": "strong",
    "mathit": "italic",
}  # fmt: skip
_LETTERS: Final = {"mathbb": 0x1D538, "mathcal": 0x1D49C}  # where the capital A stands
# capitals that Unicode has elsewhere
_ELSEWHERE: Final = {
    "mathbb": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ")),
    "mathcal": dict(zip("BEFHILMR", "ℬℰℱℋℐℒℳℛ")),
}

_PART: Final = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_MATH: Final = re.compile(r"(?<!\\)\$(?! )((?:[^$\\\t\n]|\\.|[\t\n](?=[A-Za-z]))+?)(?<=\S)\$(?!\d)")


class TexFault(Exception):
    """A caption uses TeX that figures cannot set: what is wrong, and at which command or sign."""

    def __init__(self, what: Literal["unknown", "incomplete"], part: str) -> None:
        super().__init__(part)
        self.what = what
        self.part = part


def mathematics(text: str) -> Line:
    """Return the atoms of a formula. Raises TexFault."""
    # the language reads \t and \n as a tab and a line break; here they begin commands such as \times and \nu
    text = re.sub(r"[\t\n](?=[A-Za-z])", lambda sign: "\\t" if sign[0] == "\t" else "\\n", text)
    reader = _Reader(_PART.findall(text))
    line = reader.line("")
    return _joined(line)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, and whether each is mathematics."""
    end = 0
    for found in _MATH.finditer(text):
        yield text[end : found.start()].replace("\\$", "$"), False
        yield found[1], True
        end = found.end()
    yield text[end:].replace("\\$", "$"), False


def split_text(text: str, at: str) -> list[str]:
    """Split a text at line breaks or spaces, but not inside mathematics."""
    if "$" not in text:
        return text.splitlines() if at == "\n" else text.split(at)
    found, end = [""], 0
    for place in (*(match.span() for match in _MATH.finditer(text)), (len(text), len(text))):
        first, *more = text[end : place[0]].split(at)
        found[-1] += first
        found += more
        found[-1] += text[place[0] : place[1]]
        end = place[1]
    return found


def inline(text: str, style: Style = "sans") -> Line:
    """Return the atoms of one line of words with mathematics between `$`. Raises TexFault."""
    if "$" not in text:
        return (Atom(text, style),)
    atoms: list[Atom] = []
    for piece, is_math in pieces(text):
        atoms += mathematics(piece) if is_math else [Atom(piece, style)] if piece else []
    return tuple(atoms)


class _Reader:
    """Reads the parts of a formula from left to right."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.at = 0

    def line(self, until: str, script: bool = False) -> list[Atom]:
        """Return the atoms up to a closing sign."""
        opened = self.parts[self.at - 1] if until else ""
        atoms: list[Atom] = []
        while self.at < len(self.parts):
            part = self.parts[self.at]
            if part == until:
                self.at += 1
                return atoms
            if part in ("^", "_"):
                self.script(atoms, part)
            elif part == "'":
                self.at += 1
                self.attach(atoms, "sup", (Atom("′", "upright"),), part)
            else:
                new = self.atom(script)
                atoms += _spaced(atoms, new) if not script else new
        if until:
            raise TexFault("incomplete", opened)
        return atoms

    def atom(self, script: bool = False) -> list[Atom]:
        """Return the atoms of the next part: a letter, a sign, a command with its arguments, or a group."""
        part = self.parts[self.at]
        self.at += 1
        if part.isspace():
            return []
        if part == "{":
            return self.line("}", script)
        if part in ("}", "&", "#", "%", "~"):
            raise TexFault("incomplete" if part == "}" else "unknown", part)
        if part[0] == "\\" and len(part) > 1:
            return self.command(part, part[1:], script)
        if part == "\\":
            raise TexFault("incomplete", part)
        sign = {"-": "−", "*": "∗"}.get(part, part)
        return [Atom(sign, "italic" if part.isalpha() else "upright")]

    def command(self, part: str, name: str, script: bool) -> list[Atom]:
        if name in _GREEK:
            return [Atom(_GREEK[name], "italic")]
        for table in (_CAPITALS, _BETWEEN, _SIGNS):
            if name in table:
                return [Atom(table[name], "upright")] if table[name] else []
        if name in _NAMES:
            return [Atom(name, "upright")]
        if name in _FONTS:
            style = _FONTS[name]
            return [Atom(self.word(part), style)]
        if name in _LETTERS:
            return [Atom("".join(_letter(name, letter, part) for letter in self.word(part)), "upright")]
        if name in _ACCENTS or name in _BARS:
            inner = _joined(self.argument(part))
            if name in _BARS:
                return [Atom(_BARS[name], "upright", bar=inner)]
            if len(inner) != 1 or inner[0].over or inner[0].bar:
                raise TexFault("incomplete", part)
            return [inner[0]._replace(over=_ACCENTS[name])]
        raise TexFault("unknown", part)

    def argument(self, part: str, script: bool = False) -> list[Atom]:
        """Return the atoms of the argument of a command or sign."""
        while self.at < len(self.parts) and self.parts[self.at].isspace():
            self.at += 1
        if self.at == len(self.parts) or self.parts[self.at] in ("^", "_", "}"):
            raise TexFault("incomplete", part)
        found = self.atom(script)
        if not found:
            raise TexFault("incomplete", part)
        return found

    def word(self, part: str) -> str:
        """Return an argument of letters, as it is written."""
        if self.at < len(self.parts) and self.parts[self.at] == "{":
            end = next((at for at in range(self.at, len(self.parts)) if self.parts[at] == "}"), None)
            if end is None:
                raise TexFault("incomplete", part)
            text = "".join(self.parts[self.at + 1 : end])
            self.at = end + 1
            return text
        return "".join(atom.text for atom in self.argument(part))

    def script(self, atoms: list[Atom], sign: str) -> None:
        self.at += 1
        self.attach(atoms, "sub" if sign == "_" else "sup", _joined(self.argument(sign, script=True)), sign)

    def attach(self, atoms: list[Atom], which: Literal["sub", "sup"], line: Line, sign: str) -> None:
        """Set a script at the last atom, or at nothing; a prime joins the superscript that is there."""
        if not atoms:
            atoms.append(Atom("", "upright"))
        old: Line = getattr(atoms[-1], which)
        if old and sign != "'" and old[-1].text != "′":
            raise TexFault("incomplete", sign)
        line = (*old, *line)
        atoms[-1] = atoms[-1]._replace(sub=line) if which == "sub" else atoms[-1]._replace(sup=line)


def _letter(name: str, letter: str, part: str) -> str:
    if not "A" <= letter <= "Z":
        raise TexFault("unknown", part)
    return _ELSEWHERE[name].get(letter, chr(_LETTERS[name] + ord(letter) - ord("A")))


_SPACED: Final = frozenset("=<>+−") | frozenset(_BETWEEN.values())


def _spaced(before: list[Atom], new: list[Atom]) -> list[Atom]:
    """Put spaces around a sign between two operands; a sign at the beginning of an operand has none."""
    if len(new) == 1 and new[0].text in _SPACED and before and not before[-1].text.endswith(("(", "[", ",", " ")):
        return [new[0]._replace(text=f" {new[0].text} ")]
    return new


def _joined(atoms: list[Atom]) -> Line:
    """Join neighbours of one style, so that they become one run."""
    found: list[Atom] = []
    for atom in atoms:
        last = found[-1] if found else None
        if last is not None and last[1:] == (atom.style, (), (), "", ()) and not (atom.over or atom.bar):
            found[-1] = atom._replace(text=last.text + atom.text)
        else:
            found.append(atom)
    return tuple(found)
