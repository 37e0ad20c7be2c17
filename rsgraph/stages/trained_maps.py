"""Maps of trained layers are drawn beside those that are there: the stage trained_maps."""

from __future__ import annotations

from typing import Any

from rsgraph.stages.context import Context
from rsgraph.stages.project import draw_layers


def trained_maps(context: Context) -> dict[str, Any]:
    """Draw the maps that had to wait for training."""
    draw_layers(context, context.plan.drawn_later)
    return {"maps": list(context.plan.drawn_later)}
