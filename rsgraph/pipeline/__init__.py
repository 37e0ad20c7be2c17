"""The order of the stages: what each needs, when it must run again, and how it is resumed.

::

    scene ─┬─ target ──┬─ encoder ──────────┐
           │           └─ memberships ──┐   ├─ encode ─┐
           └─ segments ─┬───────────────┴───┘          ├─ gnn ─ match ─ project ─ pictures
                        └─ graph ──────────────────────┘

``plan.py`` holds this picture as code, ``runner.py`` walks it, and the other modules do the work of the stages
by reading windows, calling components and writing files.
"""

from rsgraph.pipeline.exporting import export, export_workspace
from rsgraph.pipeline.runner import run

__all__ = ["export", "export_workspace", "run"]
