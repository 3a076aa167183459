"""A Picture: one figure in whatever format is asked for. Nothing is laid out before it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.blocks.plan import Plan
from netspec.figure.scene import Scene
from netspec.figure.themes import THEMES, Theme
from netspec.names import nearest
from netspec.plugins import not_allowed
from netspec.registry import Registry

FONTS = {
    "math": "Latin Modern Roman, STIXGeneral, STIX Two Text, Times New Roman, Liberation Serif, serif",
    "sans": "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif",
    "cjk": "Noto Sans CJK KR, Noto Sans KR, Apple SD Gothic Neo, Malgun Gothic, NanumGothic, sans-serif",
}


class Options(NamedTuple):
    """How a Scene becomes a file. `width`: a length with its unit (`85mm`), or None for the natural size."""

    theme: Theme = THEMES["classic"]
    width: str | None = None
    transparent: bool = False
    style: str = ""  # further CSS: embedded fonts
    fonts: dict[str, str] = FONTS


PLAIN = Options()


class Picture:
    """The figure of a net. Made by `Net.render`; a notebook shows it.

    Attributes:
        name: what the net is called.
        options: the theme, the width, and whether it has a ground.
        plan: what Graphviz lays out first; None where the view places everything itself.
        warnings: what is worth knowing, such as NS734: the view shows no weights.

    Example:
        >>> net = netspec.parse("net small {\\n  input x: 4\\n  output y: 2 perceptrons\\n}").net()
        >>> picture = net.render(view="neurons", theme="mono")
        >>> picture
        <Picture of small: neurons>
        >>> picture.svg().startswith("<svg")
        True
    """

    def __init__(self, name: str, options: Options, make: Callable[[], Scene], plan: Plan | None = None) -> None:
        self.name = name
        self.options = options
        self.plan = plan
        self._make = make
        self._scene: Scene | None = None
        self.warnings: list[Diagnostic] = []

    @property
    def scene(self) -> Scene:
        """The figure as primitives. Raises NetspecError NS720 where the blocks view finds no Graphviz."""
        if self._scene is None:
            self._scene = self._make()
        return self._scene

    @property
    def theme(self) -> Theme:
        """Its colours."""
        return self.options.theme

    def svg(self) -> str:
        """The SVG document; text stays text."""
        return self.data("svg").decode("utf-8")

    def png(self, scale: float = 2.0) -> bytes:
        """The bytes of a PNG file, `scale` pixels to a CSS pixel (1/96 inch)."""
        return self.data("png", scale)

    def pdf(self) -> bytes:
        """The bytes of a PDF file: lines and letters, no pixels."""
        return self.data("pdf")

    def dot(self) -> str:
        """DOT text that any Graphviz draws."""
        return self.data("dot").decode("utf-8")

    def data(self, form: str, scale: float = 2.0) -> bytes:
        """The file of a format.

        Parameters:
            form: svg, png, pdf, dot, or the name of a writer that was registered.
            scale: PNG: pixels to a CSS pixel (1/96 inch).

        Raises:
            UsageError: there is no such format (NS722), or the picture has too many pixels (NS735).
            MissingPackageError: the format needs a package that is not installed.
        """
        writer = WRITERS.find(_OTHER_ENDINGS.get(form, form))
        if writer is not None:
            return writer().write(self, scale)
        offered = not_allowed(form)
        if offered is not None:
            raise UsageError(offered)
        formats = tuple(WRITERS)
        guess = nearest(form, formats)
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        raise UsageError(Diagnostic("NS722", None, {"form": form, "formats": Quoted(formats)}, hints=hints))

    def save(self, path: str | os.PathLike[str], scale: float = 2.0) -> Path:
        """Writes the figure as a file.

        Parameters:
            path: its ending names the format: .svg, .png, .pdf, .dot; without one it is SVG.
            scale: PNG: pixels to 1/96 inch.

        Returns:
            The path that was written.

        Raises:
            UsageError: there is no such format.
            MissingPackageError: the format needs a package that is not installed, or the view needs Graphviz.
        """
        target = Path(path)
        target.write_bytes(self.data(target.suffix.removeprefix(".").lower() or "svg", scale))
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Picture of {self.name}: {'blocks' if self.plan else self.scene.view}>"


class Writer:
    """A format of figure files.

    Attributes:
        name: the ending of its files, such as "svg".
        about: what it is good for, in one English phrase: the documents show it.
        about_ko: the same in Korean.

    Example:
        >>> class Titles(netspec.Writer):
        ...     name = "txt"
        ...     about = "the title of the figure"
        ...     def write(self, picture, scale):
        ...         return picture.scene.title.encode("utf-8")
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    about_ko: ClassVar[str] = ""

    def write(self, picture: Picture, scale: float) -> bytes:
        """The bytes of the file.

        Parameters:
            picture: `scene` has the figure as primitives, `options` the theme and the width, `warnings` takes what
                the reader should know.
            scale: pixels to 1/96 inch, for formats of pixels.
        """
        raise NotImplementedError


def _missing(writer: type[Writer]) -> str:
    """What a writer lacks, as a sentence; "" where it is whole."""
    return "it has no method write(picture, scale)" if writer.write is Writer.write else ""


WRITERS: Final[Registry[type[Writer]]] = Registry(
    "figure writer", Writer, __package__, homes={"dot": "layout"}, missing=_missing
)
_OTHER_ENDINGS: Final = {"gv": "dot"}
