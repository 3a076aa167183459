"""A Picture: one figure in whatever format is asked for. Nothing is laid out before it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.draw.svg import Options
from netspec.figure.plan import Plan
from netspec.figure.scene import Scene
from netspec.figure.theme import Theme
from netspec.names import nearest

FORMATS = ("svg", "png", "pdf", "dot")


class Picture:
    """The figure of a net. Made by `Net.render`; shows itself in Jupyter.

    `plan`: what Graphviz has to lay out first (the blocks view); None where the view places everything itself.
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
        return self.options.theme

    def svg(self) -> str:
        """The SVG document; text stays text."""
        from netspec.draw.svg import svg

        return svg(self.scene, self.options)

    def png(self, scale: float = 2.0) -> bytes:
        """The bytes of a PNG file, `scale` pixels to a CSS pixel (1/96 inch)."""
        from netspec.draw.png import png

        return png(self.scene, self.options, scale, self.warnings)

    def pdf(self) -> bytes:
        """The bytes of a PDF file: lines and letters, no pixels."""
        from netspec.draw.pdf import pdf

        return pdf(self.scene, self.options, self.warnings)

    def dot(self) -> str:
        """DOT text that any Graphviz draws."""
        if self.plan is not None:
            from netspec.draw.layout import plan_dot

            return plan_dot(
                self.plan,
                theme=self.theme,
                title=self.name,
                transparent=self.options.transparent,
                width=self.options.width,
            )
        from netspec.draw.dot import dot

        return dot(self.scene, self.name, self.theme, self.options.transparent, self.options.width)

    def data(self, form: str, scale: float = 2.0) -> bytes:
        """The file of a format: svg, png, pdf or dot."""
        match form:
            case "png":
                return self.png(scale)
            case "pdf":
                return self.pdf()
            case "dot" | "gv":
                return self.dot().encode("utf-8")
            case "svg":
                return self.svg().encode("utf-8")
        guess = nearest(form, FORMATS)
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        words: dict[str, Any] = {"form": form, "formats": Quoted(FORMATS)}
        raise UsageError(Diagnostic("NS722", None, words, hints=hints))

    def save(self, path: str | os.PathLike[str], scale: float = 2.0) -> Path:
        """Writes the file that the name's ending asks for; returns its path."""
        target = Path(path)
        target.write_bytes(self.data(target.suffix.removeprefix(".").lower() or "svg", scale))
        return target

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Picture of {self.name}: {'blocks' if self.plan else self.scene.view}>"
