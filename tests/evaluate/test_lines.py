"""Segments beside lines of a scene of 2 x 2 chips, whose segments are squares of two pixels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rsgraph.evaluate import lines
from rsgraph.evaluate.lines import Lines, touching_segments
from rsgraph.files import write_json
from rsgraph.io.writers import raster_writer
from rsgraph.types import Window
from rsgraph.workspace import Workspace, write_table

ROWS, COLUMNS = 14, 16
"""Of the scene; its chips are squares of eight pixels, the lower two of six rows."""


def squares() -> NDArray[np.uint32]:
    """Return ids, row by row: 1 ... 56."""
    rows, columns = np.indices((ROWS, COLUMNS)) // 2
    return (1 + rows * (COLUMNS // 2) + columns).astype(np.uint32)


def workspace(folder: Path, ids: NDArray[np.uint32]) -> Workspace:
    whole = Window(0, 0, ROWS, COLUMNS)
    about = {"rows": ROWS, "columns": COLUMNS, "crs": None, "transform": (10.0, 0, 0, 0, -10.0, 0)}
    with raster_writer(folder / "segments.tif", count=1, dtype="uint32", nodata=0, **about) as writer:
        writer.write(ids[None], whole)
    chips = {"chip_id": range(4), "row_offset": [0, 0, 8, 8], "column_offset": [0, 8, 0, 8]}
    write_table(folder / "chips.parquet", pd.DataFrame({**chips, "rows": [8, 8, 6, 6], "columns": [8] * 4}))
    write_table(folder / "segments.parquet", pd.DataFrame({"segment_id": np.arange(1, ids.max() + 1)}))
    scene = {"name": "s", "bands": ["B02"], "rows": ROWS, "columns": COLUMNS, "crs": None, "files": []}
    write_json(
        folder / "scene.json",
        {"scenes": [{**scene, "transform": [10, 0, 0, 0, -10, 0], "class_name": None}], "survey": {}},
    )
    write_json(folder / "manifest.json", {})
    return Workspace(folder)


def places(found: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """Return rows and columns of squares."""
    return {(int(index) // 8, int(index) % 8) for index in np.flatnonzero(found)}


EVERY = {(row, column) for row in range(7) for column in range(8)}


@pytest.mark.parametrize(
    ("which", "rows", "columns"),
    [("borders", {3, 4}, {3, 4}), ("middles", {1, 2, 5, 6}, {1, 2, 5, 6}), ("edges", {0, 6}, {0, 7})],
)
@pytest.mark.parametrize("length", [8192, 5])
def test_squares_beside_lines(
    tmp_path: Path, which: Lines, rows: set[int], columns: set[int], length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_LENGTH", length)
    found = touching_segments(workspace(tmp_path, squares()), which)
    assert places(found) == {(row, column) for row, column in EVERY if row in rows or column in columns}


def test_segments_across_a_border_touch_it(tmp_path: Path) -> None:
    ids = squares()
    ids[5:9, 0:2] = ids[5, 0]
    assert touching_segments(workspace(tmp_path, ids), "borders")[ids[5, 0] - 1]


def test_where_one_side_has_no_data_nothing_touches(tmp_path: Path) -> None:
    ids = squares()
    ids[8:, :] = 0
    found = touching_segments(workspace(tmp_path, ids), "borders")
    assert places(found) == {(row, column) for row in range(4) for column in (3, 4)}
