from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rasterio.crs import CRS

from rsgraph.errors import ConfigError, OutputError, WorkspaceMismatch
from rsgraph.exporters.chip_files import chip_table
from rsgraph.exporters.chips import Chips
from rsgraph.files import write_json
from rsgraph.io.display import GAMMA
from rsgraph.io.geotiff import GeoTiff as GeoTiffReader
from rsgraph.types import Scene
from tests.exporters.workspaces import (
    BANDS,
    GRID,
    UTM,
    OpenedWorkspace,
    Pixels,
    leaving,
    read_tif,
    write_ids,
    write_labels,
    write_workspace,
)

FILES = [
    "test/chips/coast_r00032_c00032.png",
    "train/chips/coast_r00000_c00000.png",
    "train/chips/coast_r00000_c00032.png",
    "train/chips/coast_r00032_c00000.png",
]


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_export_sorts_pictures_by_split_and_lists_them(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path / "out")
    assert folder == tmp_path / "out" / "chips_png"
    assert files_in(folder) == sorted(["chips.csv", "chips.json", *FILES])
    listed = pd.read_csv(folder / "chips.csv")
    assert sorted(listed["file"]) == FILES
    for name in ("chip_id", "row_offset", "column_offset", "rows", "columns", "split"):
        assert listed[name].tolist() == workspace.chips[name].tolist()
    assert set(listed["scene_id"]) == {"coast"}
    assert "label" not in listed


def test_export_stretches_the_scene_s_bands_between_its_percentiles(
    workspace: OpenedWorkspace, tmp_path: Path
) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    image = np.asarray(Image.open(folder / "train/chips/coast_r00000_c00032.png")).astype(float)
    source: Pixels = workspace.opened_scenes[0].source  # type: ignore[assignment]
    red, green, blue = (source.values[i][:32, 32:64] for i in (2, 1, 0))
    expected = np.stack([red / 0.3, (green - 0.1) / 0.2, blue / 0.3], axis=-1)  # clouds would be brighter
    np.testing.assert_allclose(image, np.clip(expected, 0, 1) ** (1 / GAMMA) * 255, atol=0.51)
    about = json.loads((folder / "chips.json").read_text())
    assert about["bands"] == ["B04", "B03", "B02"]
    assert about["gamma"] == GAMMA
    np.testing.assert_allclose([about["low"], about["high"]], [[0, 0.1, 0], [0.3, 0.3, 0.3]], rtol=1e-6)
    assert about["stages"]["gnn"]["mlflow_run"] == "run-2"


def test_export_draws_pixels_without_data_black(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips(display=["B08", "B04", "B03"]).export(leaving(workspace), tmp_path)
    image = np.asarray(Image.open(folder / "train/chips/coast_r00000_c00000.png"))
    assert image.shape == (32, 32, 3)
    assert (image[:5, :7] == 0).all()
    assert image[5:, 7:].any()


def test_export_keeps_the_true_size_of_chips_at_the_edges(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    with Image.open(folder / "test/chips/coast_r00032_c00032.png") as image:
        assert image.size == (32, 8)


def test_export_as_tif_has_all_bands_and_the_place_on_the_ground(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips(format="tif").export(leaving(workspace), tmp_path)
    source: Pixels = workspace.opened_scenes[0].source  # type: ignore[assignment]
    found, about = read_tif(folder / "train/chips/coast_r00000_c00000.tif")
    expected = np.where(source.valid, source.values, np.nan)[:, :32, :32]
    np.testing.assert_array_equal(found, expected)
    found, about = read_tif(folder / "test/chips/coast_r00032_c00032.tif")
    np.testing.assert_array_equal(found, source.values[:, 32:, 32:])
    assert about.crs == CRS.from_wkt(UTM)
    assert tuple(about.transform)[:6] == (10.0, 0.0, GRID[2] + 320, 0.0, -10.0, GRID[5] - 320)
    assert about.descriptions == BANDS
    assert json.loads(about.tags["RSGRAPH"])["scenes"] == ["coast"]


def test_export_sorts_a_collection_by_class(collection: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(collection), tmp_path)
    names = ["train/Forest/Forest_22_r00000_c00000.png", "train/River/River_1_r00000_c00000.png"]
    assert files_in(folder)[2:] == names
    assert pd.read_csv(folder / "chips.csv")["class_name"].tolist() == ["River", "Forest"]


def test_export_gives_chips_the_label_of_the_largest_area(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    segments = workspace.segments
    first = segments[segments["chip_id"] == 0].sort_values("area_px")
    small, large = int(first["segment_id"].iloc[0]), int(first["segment_id"].iloc[-1])
    rows = [(small, "a", "human", 1.0, "me", "t"), (large, "b", "human", 1.0, "me", "t")]
    write_labels(workspace.path("labels.sqlite"), rows)
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    listed = pd.read_csv(folder / "chips.csv").set_index("chip_id")
    assert listed.loc[0, "label"] == "b"
    share = first["area_px"].iloc[-1] / first["area_px"].sum()
    assert listed.loc[0, "label_fraction"] == pytest.approx(share, abs=1e-4)
    assert listed.loc[1:, "label"].isna().all()


def test_export_replaces_an_earlier_one_whole(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    moved = workspace.chips.assign(split=["test", "train", "train", "train"])
    moved.to_parquet(workspace.path("chips.parquet"), index=False)
    Chips().export(leaving(workspace), tmp_path)
    assert "test/chips/coast_r00000_c00000.png" in files_in(folder)
    assert "train/chips/coast_r00000_c00000.png" not in files_in(folder)
    assert [path.name for path in tmp_path.iterdir() if path.name != "work"] == ["chips_png"]


def test_export_keeps_files_that_no_export_wrote(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    (folder / "train" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"it holds train/notes\.txt, which no export wrote; move it away"):
        Chips().export(leaving(workspace), tmp_path)
    assert (folder / "train" / "notes.txt").read_text() == "mine"


def test_export_that_fails_leaves_the_earlier_one(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Chips().export(leaving(workspace), tmp_path)
    before = files_in(folder)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Chips().export(leaving(workspace), tmp_path, progress=stop)
    assert files_in(folder) == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "work"] == ["chips_png"]


@pytest.mark.parametrize("change", [{"name": "other"}, {"rows": 39}, {"bands": ("B01", "B02", "B03", "B04")}])
def test_export_refuses_another_scene(change: dict[str, object], workspace: OpenedWorkspace, tmp_path: Path) -> None:
    other = OpenedWorkspace(workspace.folder, [replace(workspace.opened_scenes[0], **change)])  # type: ignore[arg-type]
    with pytest.raises(WorkspaceMismatch, match="the scene coast is no longer what"):
        Chips().export(leaving(other), tmp_path)


def test_export_lists_the_bands_where_the_display_lacks_one(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"display=\[B12,B8A,B04\] needs the bands .* it has B02, B03, B04, B08"):
        Chips(display=["B12", "B8A", "B04"]).export(leaving(workspace), tmp_path)
    assert not (tmp_path / "chips_png").exists()


def test_export_reports_every_chip(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    Chips().export(leaving(workspace), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("display", ["colour", ["B04"], 3, ["B04", 3, "B02"]])
def test_constructor_refuses_other_displays(display: Sequence[str]) -> None:
    with pytest.raises(ConfigError, match="`display` must be one of: auto, true_colour, false_colour, or three band"):
        Chips(display=display)


def test_constructor_refuses_other_formats() -> None:
    with pytest.raises(ConfigError, match=r"`format` must be one of: png, tif\. Got 'jpg' instead"):
        Chips(format="jpg")  # type: ignore[arg-type]


@pytest.mark.real
def test_export_of_a_real_scene(real_data: Path, tmp_path: Path) -> None:
    (opened,) = GeoTiffReader().open(real_data / "t18svg_20160112_l1c_20m.tif")
    part: Scene = replace(opened, rows=64, columns=64)
    workspace = write_workspace(tmp_path / "work", [_with_reference(part)])
    stored = json.loads(workspace.path("scene.json").read_text())
    count = len(part.bands)
    stored["survey"] = {"bands": part.bands, "percentile_2": [0.0] * count, "percentile_98": [0.4] * count}
    workspace.path("scene.json").write_text(json.dumps(stored))
    (folder,) = Chips(format="tif").export(leaving(OpenedWorkspace(workspace.folder, [part])), tmp_path)
    found, about = read_tif(folder / f"train/chips/{part.name}_r00032_c00000.tif")
    expected = part.source.read(part.window).values[:, 32:, :32]
    np.testing.assert_array_equal(found, expected)
    assert about.crs == CRS.from_wkt(part.crs)


def _with_reference(part: Scene) -> Scene:
    """The scene with its pixels in memory."""
    raster = part.source.read(part.window)
    return replace(part, source=Pixels(raster.values, raster.valid))


def test_fractions_count_the_pixels_of_a_chip_where_segments_are_stitched(labelled: OpenedWorkspace) -> None:
    ids, _ = read_tif(labelled.path("segments.tif"))
    water = int(ids[0, 10, 31])
    ids[0, :32, 32:50] = np.where(ids[0, :32, 32:50] > 0, water, 0)  # grows over the border
    write_ids(labelled.path("segments.tif"), ids[0], labelled.opened_scenes[0])
    write_json(labelled.path("segments.json"), {"seams": "stitch", "overlap": 20})
    labels = pd.DataFrame({"segment_id": [water], "label": ["water"]})
    export = replace(leaving(labelled), labels=labels)
    table = chip_table(export, chosen="labelled")
    assert table["name"].tolist() == ["coast_r00000_c00000", "coast_r00000_c00032"]
    for row in table.to_dict("records"):
        part = ids[0, :32, row["column_offset"] : row["column_offset"] + 32]
        assert row["label_fraction"] == round((part == water).sum() / (part > 0).sum(), 4)
    selected = replace(leaving(labelled, segment_ids=[water]), labels=labels)
    assert chip_table(selected)["name"].tolist() == table["name"].tolist()
