"""Colours and names of classes, for colour tables and for the category names that QGIS shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rsgraph.io.palette import colours
from rsgraph.types import LabelClass


@dataclass(frozen=True)
class Legend:
    """The classes and colours of the codes of a class raster.

    Parameters
    ----------
    names
        Of the codes 1, 2 ...; 0 is named separately.
    zero
        What 0 stands for.
    chosen
        Their colours ``#rrggbb``, where they have colours of their own.
    """

    names: Sequence[str]
    zero: str
    chosen: Sequence[str] | None = None

    @property
    def colours(self) -> dict[int, str]:
        """Colours by code; 0 is nodata, which viewers leave transparent, and black elsewhere."""
        return {0: "#000000", **dict(enumerate(self.chosen or colours(len(self.names)), start=1))}

    @property
    def categories(self) -> dict[int, str]:
        """Names by code."""
        return {0: self.zero, **dict(enumerate(self.names, start=1))}


def class_legend(classes: Sequence[LabelClass]) -> Legend:
    """Return the legend of labelled classes, in their own colours."""
    names, chosen = [each.name for each in classes], [each.colour for each in classes]
    return Legend(names, "unlabelled or no data", chosen)
