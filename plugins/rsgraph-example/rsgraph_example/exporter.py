"""An exporter of labels as a table."""

from __future__ import annotations

from pathlib import Path

from rsgraph.files import write_text
from rsgraph.protocols import Export, Exporter, Progress


class LabelList(Exporter):
    """A CSV of the labels that leave, and of nothing else."""

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write ``label_list.csv``: what the user left out is not in ``export``."""
        path = folder / "label_list.csv"
        write_text(path, export.labels[["segment_id", "label", "origin"]].to_csv(index=False))
        return [path]
