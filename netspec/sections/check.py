"""All sections of a file, checked against its nets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.model import Diagnostic
from netspec.graph import Graph

if TYPE_CHECKING:
    from netspec.api import Spec


def check_sections(spec: Spec, graphs: dict[str, Graph]) -> list[Diagnostic]:
    """Every mistake in the data, train and figure sections. Nets that failed have no graph here."""
    from netspec.sections.figure_reading import check_figures

    return check_figures(spec, graphs)
