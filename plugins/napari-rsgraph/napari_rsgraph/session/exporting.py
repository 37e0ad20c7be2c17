"""Exports from a session: what `rsgraph export` writes, of everything, of human labels or of the selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rsgraph.components import build, registry
from rsgraph.exporters.export import export_workspace
from rsgraph.protocols import Progress

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session

Scope = Literal["all", "human", "selection"]


def exporter_names() -> list[str]:
    """Return the exporters that can be chosen."""
    return list(registry("exporter"))


def export_job(
    session: Session, exporter: str, *, scope: Scope, folder: Path | None, options: dict[str, Any]
) -> Callable[[Progress], list[Path]]:
    """Return what exports, ready to run elsewhere."""
    built = build("exporter", name=exporter, **options)
    ids = session.tables.ids[session.target_rows()] if scope == "selection" else None
    origins = ["human"] if scope == "human" else None

    def job(progress: Progress) -> list[Path]:
        return export_workspace(
            session.workspace.folder, built, folder=folder, segment_ids=ids, origins=origins, progress=progress
        )

    return job
