"""Chips as files: names, labels by area, pictures and places, worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rsgraph.errors import ConfigError
from rsgraph.exporters.chip_files import (
    ChipPixels,
    Pictures,
    chip_classes,
    chip_table,
    each_chip,
    save_raster,
)
from rsgraph.exporters.content import Content, gather
from rsgraph.exporters.rasters import Style
from rsgraph.exporters.training import Training
from rsgraph.io.display import GAMMA
from rsgraph.types import Raster, Window
from rsgraph.workspace import write_table
from tests.exporters.workspaces import GRID, OpenedWorkspace, leaving, read_tif, write_labels

WHOLE = Window(0, 0, 32, 32)


@pytest.fixture
def counted(workspace: OpenedWorkspace) -> OpenedWorkspace:
    """Four segments of known areas: three in the first chip, the fourth in the second."""
    table = pd.DataFrame({"segment_id": [1, 2, 3, 4], "chip_id": [0, 0, 0, 1], "area_px": [50, 20, 40, 7]})
    write_table(workspace.path("segments.parquet"), table)
    names = {1: "water", 2: "sand", 3: "sand"}
    rows = [(segment, name, "human", 1.0, "me", "2026-01-01") for segment, name in names.items()]
    write_labels(workspace.path("labels.sqlite"), rows)
    return workspace


def table_of(workspace: OpenedWorkspace, **options: Any) -> pd.DataFrame:
    return chip_table(leaving(workspace), **options)


def content_of(workspace: OpenedWorkspace) -> Content:
    return gather(leaving(workspace), embeddings=False)


def test_chip_table_names_chips_by_place_and_labels_them_by_area(counted: OpenedWorkspace) -> None:
    table = table_of(counted)
    assert table["name"].tolist() == [f"coast_r{row:05d}_c{column:05d}" for row in (0, 32) for column in (0, 32)]
    assert table["label"].tolist()[0] == "sand"  # 20 + 40 pixels against 50 of the one large segment
    assert table["label_fraction"].tolist()[0] == pytest.approx(60 / 110, abs=1e-4)
    assert table["label"].isna().tolist() == [False, True, True, True]


def test_chip_table_keeps_labelled_chips_where_only_those_are_chosen(counted: OpenedWorkspace) -> None:
    assert table_of(counted, chosen="labelled")["chip_id"].tolist() == [0]
    assert table_of(counted)["chip_id"].tolist() == [0, 1, 2, 3]


def test_each_chip_gives_windows_in_order_and_reports_them(workspace: OpenedWorkspace) -> None:
    seen: list[tuple[int, int]] = []
    table = table_of(workspace)
    assert "label" not in table
    chips = list(
        each_chip(table, {"coast": workspace.opened_scenes[0]}, lambda done, total: seen.append((done, total)))
    )
    assert [chip.window for chip in chips] == [
        WHOLE,
        Window(0, 32, 32, 32),
        Window(32, 0, 8, 32),
        Window(32, 32, 8, 32),
    ]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_chip_classes_are_those_of_the_segments_below(labelled: OpenedWorkspace) -> None:
    chip = ChipPixels({}, labelled.opened_scenes[0], WHOLE)
    codes, rows = chip_classes(labelled, content_of(labelled), chip)
    ids = read_tif(labelled.path("segments.tif"))[0][0, :32, :32]
    np.testing.assert_array_equal(codes, np.select([np.isin(ids, (1, 5)), ids == 2], [2, 1], 0))  # sand 1, water 2
    np.testing.assert_array_equal(rows[ids > 0], ids[ids > 0] - 1)


def test_pictures_go_from_the_low_percentile_to_the_high_one(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    pictures = Pictures.of(workspace, "true_colour")
    low, high = [0.0, 0.1, 0.0], [0.3, 0.3, 0.3]  # percentiles of B04, B03, B02, at most the 0.3 of bright land
    said = pictures.to_json()
    assert said["bands"] == ["B04", "B03", "B02"]
    assert (said["low"], said["high"]) == (pytest.approx(low), pytest.approx(high))
    values = np.zeros((4, 1, 4), dtype=np.float32)
    values[[2, 1, 0], 0, 1] = high
    values[[2, 1, 0], 0, 2] = 0.15
    values[[2, 1, 0], 0, 3] = 0.9
    pictures.save(Raster(values, np.array([[True, True, True, False]])), tmp_path / "new" / "a.png")
    found = np.asarray(Image.open(tmp_path / "new" / "a.png"))[0]
    half, quarter = round(255 * 0.5 ** (1 / GAMMA)), round(255 * 0.25 ** (1 / GAMMA))
    assert found.tolist() == [[0, 0, 0], [255, 255, 255], [half, quarter, half], [0, 0, 0]]


def test_save_raster_writes_a_chip_with_its_place_on_the_ground(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    chip = ChipPixels({}, workspace.opened_scenes[0], Window(32, 5, 8, 32))
    pixels = np.arange(8 * 32, dtype=np.uint16).reshape(1, 8, 32)
    save_raster(tmp_path / "a.tif", chip, pixels, Style("uint16", 0, ("class",), {}))
    found, about = read_tif(tmp_path / "a.tif")
    np.testing.assert_array_equal(found, pixels)
    assert tuple(about.transform)[:6] == (10.0, 0.0, GRID[2] + 50, 0.0, -10.0, GRID[5] - 320)
    assert about.crs.to_epsg() == 32633


def test_options_are_checked_by_name() -> None:
    with pytest.raises(ConfigError, match=r"`format` must be one of: png, tif\. Got 'jpg' instead"):
        Training(format="jpg")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"`chips` must be one of: labelled, all\. Got None instead"):
        Training(chips=None)  # type: ignore[arg-type]
