"""Workspaces of version 0.1.0 open for labelling, wherever they lie: labels, maps, undo to before the upgrade."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_rsgraph.session.session import open_session
from napari_rsgraph.session.work import Immediate

KEPT = Path(__file__).resolve().parents[3] / "tests" / "workspaces_of_0_1"


@pytest.mark.parametrize(("name", "labelled"), [("one", 23), ("two", 29)])
def test_an_old_workspace_opens_with_its_labels_and_undo(tmp_path: Path, name: str, labelled: int) -> None:
    session = open_session(Path(shutil.copytree(KEPT / name, tmp_path / name)), Immediate())
    try:
        assert np.count_nonzero(session.labels.codes) == labelled
        assert session.labels.names[:2] == ["water", "forest"]
        assert session.map.layer == "gnn2"
        session.selection.set_level("segments")
        session.selection.select(np.array([100, 101]))
        session.label("water")
        assert np.count_nonzero(session.labels.codes) == labelled + 2
        for _ in range(len(session.labels.history())):
            session.labels.undo()
        assert np.count_nonzero(session.labels.codes) == 0
    finally:
        session.close()
