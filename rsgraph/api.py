"""What ``import rsgraph`` offers to scripts and notebooks."""

from rsgraph.components import build
from rsgraph.workspace import Workspace

__all__ = ["Workspace", "build"]
