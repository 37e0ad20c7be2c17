"""The order of the stages: what each needs, when it must run again, and how it is resumed.

::

    scene ─┬─ target ──┬─ encoder ──────────┐
           │           └─ memberships ──┐   ├─ encode ─┐
           └─ segments ─┬───────────────┴───┘          ├─ gnn ─ match ─ project ─ pictures
                        └─ graph ──────────────────────┘

``plan.py`` holds this picture as code, ``runner.py`` walks it, and the other modules do the work of the stages
by reading windows, calling components and writing files.

A stage over chips cuts its work into blocks (``rsgraph.blocks``). The executor (``rsgraph.executors``: processes of
this machine, or a Dask cluster) computes them, each finished block is kept beside the stage's output until that is
whole, and arrays of all segments are filled in block by block: no stage holds a tile, and an interruption costs a
block. ``growing.py`` adds scenes to a finished workspace: blocks of the old ones are looked up, not computed.
"""

from rsgraph.pipeline.runner import run

__all__ = ["run"]
