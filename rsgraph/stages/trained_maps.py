"""Maps of trained layers are drawn beside those that are there: the stage trained_maps."""

from __future__ import annotations

from typing import Any

from rsgraph.stages.context import Context
from rsgraph.stages.project import draw_layer


def trained_maps(context: Context) -> dict[str, Any]:
    """Draw the maps that had to wait for training."""
    for name in context.plan.drawn_later:
        draw_layer(context, name)
    return {"maps": list(context.plan.drawn_later)}
