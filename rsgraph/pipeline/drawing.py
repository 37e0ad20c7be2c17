"""The last stage: pictures of what the others made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsgraph.pipeline.context import Context


def check_display(bands: Sequence[str], display: Any) -> None:
    """Raise ConfigError where the scene lacks the bands that the pictures should show."""


def pictures(context: Context) -> dict[str, Any]:
    """Draw."""
    return {}
