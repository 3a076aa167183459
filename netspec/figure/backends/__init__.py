"""Picture: one figure, in any format. It is laid out only when a format needs it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from netspec import files
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.scene import Scene
from netspec.figure.scene.typeset import Run
from netspec.figure.themes import THEMES, Theme
from netspec.names import nearest
from netspec.plugins import not_allowed
from netspec.registry import Registry

if TYPE_CHECKING:
    from netspec.figure.blocks.plan import Plan

FONTS = {
    "math": "Latin Modern Roman, STIXGeneral, STIX Two Text, Times New Roman, Liberation Serif, serif",
    "sans": "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif",
    "cjk": "Noto Sans CJK KR, Noto Sans KR, Apple SD Gothic Neo, Malgun Gothic, NanumGothic, sans-serif",
}


def by_family(run: Run) -> list[tuple[str, Run]]:
    """Return the run with the list of fonts from which a viewer chooses."""
    return [(FONTS[run.family], run)]


class Options(NamedTuple):
    """How a Scene becomes a file. `width`: a length with its unit (`85mm`), or None for the natural size."""

    theme: Theme = THEMES["classic"]
    width: str | None = None
    transparent: bool = False
    style: str = ""  # CSS to add, for example embedded fonts
    pieces: Callable[[Run], list[tuple[str, Run]]] = by_family  # splits a run into pieces of one font each
    embed: bool = False  # whether an SVG carries the letters that it uses


PLAIN = Options()


class Picture:
    """The figure of a net. `Net.render` returns it, and notebooks display it.

    Attributes:
        name: the name of the net.
        options: the theme, the width, and whether the background is transparent.
        plan: the boxes and arrows of the blocks view, which DOT text hands on; None for other views.
        warnings: diagnostics that the user should see, such as NS734: the view shows no weights.

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
        # makes a scene that has all texts around a plan, and needs no layout
        self.words: Callable[[], Scene] = lambda: self.scene
        self.warnings: list[Diagnostic] = []

    @property
    def scene(self) -> Scene:
        """The figure as primitives."""
        if self._scene is None:
            self._scene = self._make()
        return self._scene

    @property
    def theme(self) -> Theme:
        """The theme, which has the colours."""
        return self.options.theme

    def svg(self) -> str:
        """Return the SVG document; its text is text, not paths."""
        return self.data("svg").decode("utf-8")

    def png(self, scale: float | None = None) -> bytes:
        """Return the bytes of a PNG file with `scale` pixels per CSS pixel (1/96 inch).

        Without a scale there are 300 to the inch if the width is a length on paper; else 2 to a CSS pixel, or fewer
        if the picture would have more than 4 million. The file says its resolution.
        """
        return self.data("png", scale)

    def pdf(self) -> bytes:
        """Return the bytes of a PDF file, which is vector graphics throughout."""
        return self.data("pdf")

    def dot(self) -> str:
        """Return DOT text that every Graphviz can draw."""
        return self.data("dot").decode("utf-8")

    def data(self, form: str, scale: float | None = None) -> bytes:
        """Return the bytes of a file.

        Parameters:
            form: svg, png, pdf, dot, or the name of a registered writer.
            scale: for PNG, pixels per CSS pixel (1/96 inch), as for `png`.

        Returns:
            The content of the file.

        Raises:
            UsageError: there is no such format (NS722), or the picture has too many pixels (NS735).
            MissingPackageError: the format needs a package that is not installed.
        """
        return writer_of(form)().write(self, scale)

    def save(self, path: str | os.PathLike[str], scale: float | None = None) -> Path:
        """Write the figure to a file.

        Parameters:
            path: its suffix gives the format: .svg, .png, .pdf, .dot; without a suffix it is SVG.
            scale: for PNG, pixels per CSS pixel (1/96 inch), as for `png`.

        Returns:
            The path of the file.

        Raises:
            UsageError: there is no such format.
            MissingPackageError: the format needs a package that is not installed.
            OSError: the file cannot be written; a folder, a pipe or a device is not replaced.
        """
        target = Path(path)
        files.write(target, self.data(form_of(target), scale))
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Picture of {self.name}: {'blocks' if self.plan else self.scene.view}>"


class Writer:
    """A file format for figures.

    Attributes:
        name: the suffix of its files, such as "svg".
        about: what it is good for, in one English phrase for the documentation.
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

    def write(self, picture: Picture, scale: float | None) -> bytes:
        """Return the bytes of the file.

        Parameters:
            picture: `scene` has the figure as primitives, `options` the theme and the width. Append to `warnings` what
                the user should know.
            scale: pixels per CSS pixel (1/96 inch), for bitmap formats; None leaves it to the format.
        """
        raise NotImplementedError


def _missing(writer: type[Writer]) -> str:
    """Return what a class lacks to be a writer, as a sentence; "" if it is complete."""
    return "it has no method write(picture, scale)" if writer.write is Writer.write else ""


WRITERS: Final[Registry[type[Writer]]] = Registry(
    "figure writer", Writer, __package__, homes={"dot": "layout"}, missing=_missing
)
_OTHER_ENDINGS: Final = {"gv": "dot"}


def form_of(path: Path) -> str:
    """Return the format that the suffix of a file means; SVG without one."""
    return path.suffix.removeprefix(".").lower() or "svg"


def writer_of(form: str) -> type[Writer]:
    """Return what writes a format; raise UsageError if there is no such format (NS722)."""
    writer = WRITERS.find(_OTHER_ENDINGS.get(form, form))
    if writer is not None:
        return writer
    offered = not_allowed(form)
    if offered is not None:
        raise UsageError(offered)
    formats = tuple(WRITERS)
    guess = nearest(form, formats)
    hints = (Hint("nearest", {"name": guess}),) if guess else ()
    raise UsageError(Diagnostic("NS722", None, {"form": form, "formats": Quoted(formats)}, hints=hints))
