"""Labels and classes of a workspace as they are exported: those that its scope lets leave."""

from __future__ import annotations

from dataclasses import replace

from rsgraph.exporters.scope import scope_of
from rsgraph.journal.reading import Labels, read_labels
from rsgraph.workspace import Workspace


def labels_of(workspace: Workspace) -> Labels:
    """Read the labels that leave a workspace, and all its classes. Errors as of ``read_labels``."""
    found = read_labels(workspace.path("labels.sqlite"))
    return replace(found, table=scope_of(workspace).restrict(found.table))
