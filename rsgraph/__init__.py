"""rsgraph: label an unlabelled Sentinel-2 scene in minutes.

>>> from rsgraph import build, Workspace
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rsgraph.api import Workspace, build

__all__ = ["Workspace", "__version__", "build"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import rsgraph`` stays fast."""
    if name in __all__:
        from rsgraph import api

        return getattr(api, name)
    raise AttributeError(f"module 'rsgraph' has no attribute '{name}'")
