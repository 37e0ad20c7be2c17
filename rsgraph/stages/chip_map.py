"""Chips are laid out anew once they are matched: the stage chip_map."""

from __future__ import annotations

from typing import Any

from rsgraph.stages.context import Context
from rsgraph.stages.project import draw_chips


def chip_map(context: Context) -> dict[str, Any]:
    """Lay out chips by how well they match, in the place of the map of their means that labelling began with."""
    return {"layer": context.plan.layer, "chip_map": draw_chips(context, matched=True).method}
