from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.io.segment_ids import read_ids
from rsgraph.types import Window
from tests.exporters.workspaces import scene, write_ids


def test_read_ids_reads_a_window_and_names_a_damaged_file(tmp_path: Path) -> None:
    ids = np.arange(40 * 64, dtype=np.uint32).reshape(40, 64)
    write_ids(tmp_path / "segments.tif", ids, scene())
    found = read_ids(tmp_path / "segments.tif", Window(3, 60, 30, 4))
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, ids[3:33, 60:])
    (tmp_path / "segments.tif").write_bytes(b"II*\0")
    with pytest.raises(WorkspaceError, match=r"segments\.tif is damaged .*; `rsgraph run` on its scene restores it"):
        read_ids(tmp_path / "segments.tif", Window(0, 0, 1, 1))
