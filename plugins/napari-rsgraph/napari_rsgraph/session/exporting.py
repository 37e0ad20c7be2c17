"""Exports of a session: what `rsgraph export` writes, of everything, of human labels or of the selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_rsgraph.session.labels import HUMAN, Labels
from napari_rsgraph.session.selection import Selection
from napari_rsgraph.session.tables import Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.components import build, registry
from rsgraph.errors import RsgraphError
from rsgraph.exporters.export import export_workspace
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

Scope = Literal["all", "human", "selection"]


def exporter_names() -> list[str]:
    """Return the exporters that can be chosen."""
    return list(registry("exporter"))


class Exports:
    """Writes files for other programs, in the background.

    Parameters
    ----------
    workspace
        What is exported.
    tables, labels, selection
        Say which segments each scope holds.
    tasks
        Runs the exports.
    """

    def __init__(
        self, workspace: Workspace, tables: Tables, labels: Labels, selection: Selection, tasks: Tasks
    ) -> None:
        self.workspace, self.tables, self.tasks = workspace, tables, tasks
        self.labels, self.selection = labels, selection

    def counts(self) -> dict[Scope, int]:
        """Return how many segments each scope holds."""
        return {
            "all": self.tables.n_segments,
            "human": int(np.count_nonzero(self.labels.state.origins == HUMAN)),
            "selection": int(np.count_nonzero(self.selection.target())),
        }

    def start(
        self,
        exporter: str,
        *,
        scope: Scope = "all",
        folder: Path | None = None,
        options: dict[str, Any] | None = None,
        done: Callable[[list[Path]], None] | None = None,
        failed: Callable[[RsgraphError], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Export and say where it went; errors reach the user, and ``failed`` where it is given."""
        built = build("exporter", name=exporter, **(options or {}))
        ids = self.tables.ids[self.selection.target_rows()] if scope == "selection" else None
        origins = ["human"] if scope == "human" else None

        def job(progress: Progress) -> list[Path]:
            return export_workspace(
                self.workspace.folder, built, folder=folder, segment_ids=ids, origins=origins, progress=progress
            )

        def report(written: list[Path]) -> None:
            self.tasks.say(f"exported {', '.join(str(path) for path in written)}")
            if done is not None:
                done(written)

        self.tasks.run("export", job, report, failed=failed, ended=ended)
