from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from rasterio.features import rasterize

from rsgraph.errors import ConfigError, NotThere
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.coco import Coco, run_lengths
from tests.exporters.workspaces import (
    OpenedWorkspace,
    leaving,
    read_tif,
    scene,
    write_classes,
    write_labels,
    write_workspace,
)

NAMES = ("water", "sand", "mud")


@pytest.fixture
def mapped(tmp_path: Path) -> OpenedWorkspace:
    """Nine chips; the last column of them has no labels."""
    workspace = write_workspace(tmp_path / "work", [scene(rows=90, columns=100)])
    table = workspace.segments
    labelled = table.loc[(table["chip_id"] % 4 < 3) & (table["segment_id"] % 4 > 0), "segment_id"].tolist()
    rows = [(i, NAMES[i % 3], "human" if i % 2 else "classified", 0.75, "ann", "2026-01-01") for i in labelled]
    write_labels(workspace.path("labels.sqlite"), rows)
    write_classes(workspace.path("labels.sqlite"), [("mud", "#804000"), ("water", "#2060c0"), ("sand", "#f0d080")])
    return workspace


def codes_of(workspace: OpenedWorkspace) -> np.ndarray:
    """What is labelled: mud 1, water 2, sand 3."""
    ids = read_tif(workspace.path("segments.tif"))[0][0]
    chip_of = np.zeros(ids.max() + 1, dtype=int)
    chip_of[workspace.segments["segment_id"]] = workspace.segments["chip_id"]
    return np.where((ids > 0) & (chip_of[ids] % 4 < 3) & (ids % 4 > 0), np.array([2, 3, 1])[ids % 3], 0)


def decoded(annotation: dict[str, Any], shape: tuple[int, int]) -> np.ndarray:
    """Draw an instance as pycocotools does."""
    found = annotation["segmentation"]
    if isinstance(found, list):
        outlines = [np.array(ring + ring[:2]).reshape(-1, 2) for ring in found]
        return rasterize([{"type": "Polygon", "coordinates": [ring]} for ring in outlines], out_shape=shape) > 0
    assert found["size"] == list(shape)
    counts = np.array(found["counts"])
    return np.repeat(np.arange(len(counts)) % 2, counts).reshape(shape, order="F") > 0


def read(folder: Path, split: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "annotations" / f"instances_{split}.json").read_text())
    return found


def test_instances_are_the_labelled_regions(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco(chips="all").export(leaving(mapped), tmp_path)
    codes, seen, holes = codes_of(mapped), 0, 0
    for split in ("train", "test"):
        found = read(folder, split)
        assert [each["id"] for each in found["annotations"]] == list(range(1, len(found["annotations"]) + 1))
        for image in found["images"]:
            row, column, shape = image["row_offset"], image["column_offset"], (image["height"], image["width"])
            drawn = np.zeros(shape, dtype=int)
            for each in (each for each in found["annotations"] if each["image_id"] == image["id"]):
                mask = decoded(each, shape)
                assert mask.sum() == each["area"]
                rows, columns = np.nonzero(mask)
                box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
                assert each["bbox"] == box
                assert each["iscrowd"] == 0
                assert not drawn[mask].any()
                drawn[mask] = each["category_id"]
                holes += isinstance(each["segmentation"], dict)
            np.testing.assert_array_equal(drawn, codes[row : row + shape[0], column : column + shape[1]])
            seen += 1
            with Image.open(folder / split / image["file_name"]) as picture:
                assert picture.size == (image["width"], image["height"])
    assert seen == len(mapped.chips)
    assert holes > 0


def test_categories_and_info_say_what_is_in_it(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco().export(leaving(mapped), tmp_path)
    found = read(folder, "train")
    assert [(each["id"], each["name"], each["color"]) for each in found["categories"]] == [
        (1, "mud", "#804000"),
        (2, "water", "#2060c0"),
        (3, "sand", "#f0d080"),
    ]
    assert found["info"]["contributor"] == "ann"
    assert found["info"]["rsgraph"]["model_run"] == "run-2"
    assert found["info"]["rsgraph"]["label_origins"].keys() == {"human", "classified"}
    attributes = found["annotations"][0]["attributes"]
    assert attributes["confidence"] == 0.75
    assert attributes["authors"] == ["ann"]
    assert set(attributes["origins"]) <= {"human", "classified"}


def test_only_labelled_chips_are_written_by_default(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco().export(leaving(mapped), tmp_path)
    listed = pd.read_csv(folder / "chips.csv")
    assert set(listed["chip_id"] % 4) == {0, 1, 2}
    assert sorted(listed["file"]) == sorted(path.relative_to(folder).as_posix() for path in folder.glob("t*/*.png"))
    assert read(folder, "test")["images"] == []


def test_pictures_are_those_of_the_chips_exporter(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco().export(leaving(mapped), tmp_path)
    (chips,) = Chips().export(leaving(mapped), tmp_path)
    for path in folder.glob("train/*.png"):
        assert path.read_bytes() == (chips / "train" / "chips" / path.name).read_bytes()


def test_instances_of_a_scope(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco().export(leaving(mapped, origins=["human"]), tmp_path)
    ids = read_tif(mapped.path("segments.tif"))[0][0]
    expected = ((codes_of(mapped) > 0) & (ids % 2 == 1)).sum()
    assert sum(each["area"] for each in read(folder, "train")["annotations"]) == expected


def test_export_replaces_an_earlier_one_whole(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (folder,) = Coco(chips="all").export(leaving(mapped), tmp_path)
    Coco().export(leaving(mapped), tmp_path)
    assert not list(folder.glob("test/*"))
    assert read(folder, "test")["images"] == []


def test_export_without_labels_says_what_to_do(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="has no labels to export"):
        Coco().export(leaving(workspace), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_constructor_refuses_other_chips() -> None:
    with pytest.raises(ConfigError, match=r"`chips` must be one of: labelled, all\. Got 'some' instead"):
        Coco(chips="some")  # type: ignore[arg-type]


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_run_lengths_come_back(mask: np.ndarray) -> None:
    counts = run_lengths(mask)
    assert sum(counts) == mask.size
    back = np.repeat(np.arange(len(counts)) % 2, counts).reshape(mask.shape, order="F")
    np.testing.assert_array_equal(back, mask)
