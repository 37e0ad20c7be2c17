from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rasterio.crs import CRS

from rsgraph.errors import ConfigError, NotThere, OutputError
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.training import Training
from tests.exporters.workspaces import (
    BANDS,
    GRID,
    UTM,
    OpenedWorkspace,
    Pixels,
    leaving,
    read_tif,
    scene,
    write_classes,
    write_labels,
    write_workspace,
)


@pytest.fixture
def mapped(tmp_path: Path) -> OpenedWorkspace:
    """Four chips; that in the lower left has no labels."""
    workspace = write_workspace(tmp_path / "work", [scene()])
    table = workspace.segments
    ids = table.loc[(table["chip_id"] != 2) & (table["segment_id"] % 3 > 0), "segment_id"]
    rows = [(i, "water" if i % 3 == 1 else "sand", "human", 1.0, "ann", "2026-01-01") for i in ids.tolist()]
    write_labels(workspace.path("labels.sqlite"), rows)
    write_classes(workspace.path("labels.sqlite"), [("water", "#2060c0"), ("sand", "#f0d080")])
    return workspace


def codes_of(workspace: OpenedWorkspace) -> np.ndarray:
    ids = read_tif(workspace.path("segments.tif"))[0][0]
    codes = np.where(ids > 0, ids % 3, 0)
    codes[32:, :32] = 0
    return codes


def test_images_and_masks_lie_side_by_side(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training().export(leaving(mapped), tmp_path)
    assert folder == tmp_path / "training_tif"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = [
        "train/{}/coast_r00000_c00000.tif",
        "train/{}/coast_r00000_c00032.tif",
        "test/{}/coast_r00032_c00032.tif",
    ]
    expected = [name.format(kind) for name in names for kind in ("images", "masks")]
    assert found == sorted([*expected, "chips.csv", "classes.json", "training.json"])
    source: Pixels = mapped.opened_scenes[0].source  # type: ignore[assignment]
    for row, column, split in ((0, 0, "train"), (0, 32, "train"), (32, 32, "test")):
        name = f"coast_r{row:05d}_c{column:05d}.tif"
        image, about = read_tif(folder / split / "images" / name)
        mask, on_ground = read_tif(folder / split / "masks" / name)
        np.testing.assert_array_equal(image, source.values[:, row : row + 32, column : column + 32])
        np.testing.assert_array_equal(mask[0], codes_of(mapped)[row : row + 32, column : column + 32])
        assert about.descriptions == BANDS
        assert (about.nodata, on_ground.nodata) == (0, 0)
        assert about.crs == on_ground.crs == CRS.from_wkt(UTM)
        assert about.transform == on_ground.transform
        assert about.transform.c == GRID[2] + 10 * column
        assert on_ground.dtypes == ("uint8",)
        assert json.loads(on_ground.tags["RSGRAPH"])["label_authors"] == {"ann": mapped_count(mapped)}


def mapped_count(workspace: OpenedWorkspace) -> int:
    table = workspace.segments
    return int(((table["chip_id"] != 2) & (table["segment_id"] % 3 > 0)).sum())


def test_png_masks_are_codes_with_the_classes_colours(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training(format="png").export(leaving(mapped), tmp_path)
    with Image.open(folder / "train/masks/coast_r00000_c00000.png") as mask:
        assert mask.mode == "P"
        np.testing.assert_array_equal(np.asarray(mask), codes_of(mapped)[:32, :32])
        assert (mask.getpalette() or [])[:9] == [0, 0, 0, 0x20, 0x60, 0xC0, 0xF0, 0xD0, 0x80]
    (chips,) = Chips().export(leaving(mapped), tmp_path)
    image = folder / "train/images/coast_r00000_c00000.png"
    assert image.read_bytes() == (chips / "train/chips/coast_r00000_c00000.png").read_bytes()


def test_png_masks_of_many_classes_have_16_bits(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "work", [scene(rows=160, columns=160)])
    rows = [(i, f"c{i:03d}", "human", 1.0, "me", "t") for i in range(1, len(workspace.segments) + 1)]
    write_labels(workspace.path("labels.sqlite"), rows)
    (folder,) = Training(format="png").export(leaving(workspace), tmp_path)
    ids = read_tif(workspace.path("segments.tif"))[0][0]
    with Image.open(folder / "train/masks/coast_r00128_c00000.png") as mask:
        np.testing.assert_array_equal(np.asarray(mask), ids[128:, :32])
    assert ids[128:, :32].max() > 255


def test_classes_and_listing_say_what_the_masks_hold(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training().export(leaving(mapped), tmp_path)
    assert json.loads((folder / "classes.json").read_text()) == {
        "ignore": 0,
        "classes": [
            {"code": 0, "name": "unlabelled or no data", "colour": "#000000"},
            {"code": 1, "name": "water", "colour": "#2060c0"},
            {"code": 2, "name": "sand", "colour": "#f0d080"},
        ],
    }
    listed = pd.read_csv(folder / "chips.csv").set_index("chip_id")
    assert listed["split"].to_dict() == {0: "train", 1: "train", 3: "test"}
    first = codes_of(mapped)[:32, :32]
    assert listed.loc[0, ["pixels_1", "pixels_2"]].tolist() == [(first == 1).sum(), (first == 2).sum()]
    for name in ("file", "mask"):
        assert all((folder / path).is_file() for path in listed[name])
    assert json.loads((folder / "training.json").read_text())["label_times"] == ["2026-01-01", "2026-01-01"]


def test_all_chips_on_request(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training(chips="all").export(leaving(mapped), tmp_path)
    assert not read_tif(folder / "train/masks/coast_r00032_c00000.tif")[0].any()
    assert len(list(folder.glob("*/images/*"))) == 4


def test_export_replaces_an_earlier_one_and_nothing_else(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training(chips="all").export(leaving(mapped), tmp_path)
    Training().export(leaving(mapped), tmp_path)
    assert len(list(folder.glob("*/masks/*"))) == 3
    (folder / "train" / "masks" / "mine.tif").write_text("mine")
    with pytest.raises(OutputError, match=r"it holds train/masks/mine\.tif, which no export wrote"):
        Training().export(leaving(mapped), tmp_path)


def test_export_of_a_collection(collection: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Training().export(leaving(collection), tmp_path)
    ids = read_tif(collection.path("segments", "River_1.tif"))[0]
    np.testing.assert_array_equal(read_tif(folder / "train/masks/River_1_r00000_c00000.tif")[0], ids == 1)
    assert len(list(folder.glob("*/images/*"))) == 1


def test_export_without_labels_says_what_to_do(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="has no labels to export"):
        Training().export(leaving(workspace), tmp_path / "out")


def test_constructor_checks_its_parameters() -> None:
    with pytest.raises(ConfigError, match="`format` must be one of: png, tif"):
        Training(format="jpg")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`chips` must be one of: labelled, all"):
        Training(chips=True)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`display` must be one of"):
        Training(display="blue")
