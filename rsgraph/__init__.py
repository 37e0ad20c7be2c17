"""rsgraph: label an unlabelled Sentinel-2 scene in minutes.

>>> from rsgraph import build, Workspace
"""

# ``python -m rsgraph`` has Python import from the current folder first, where a typing.py may lie beside a scene. So
# that folder is left out before anything else is imported, unless this package is in it: a checkout.
import sys

if getattr(sys, "argv", [])[:1] == ["-m"] and not sys.flags.safe_path and not __file__.startswith(sys.path[0] + "/"):
    del sys.path[0]

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
