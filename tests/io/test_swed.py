"""SWED: .npy chips for training, .tif for testing, labels as reference."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.band_names import L2A
from rsgraph.io.swed import Swed
from rsgraph.types import Window
from tests.io.rasters import counts, write_tiff

NAME = "S2A_MSIL2A_20170521T112121_N9999_T29RMM"


def write_chip(folder: Path, number: int = 0, *, dtype: str = "uint16") -> np.ndarray:
    """Write an image and its label as SWED's training set has them; return the image (rows, columns, 12)."""
    image = counts(12, 32, 32, seed=number).transpose(1, 2, 0).astype(dtype)
    label = np.zeros((1, 32, 32), dtype=np.int16)
    label[:, :8] = 1
    label[:, 8] = 7
    for kind, numbers in (("images", image), ("labels", label)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        word = "image" if kind == "images" else "chip"
        np.save(folder / kind / f"{NAME}_{word}_{number}_0.npy", numbers)
    return image


def test_swed_training_chips_and_labels(tmp_path: Path) -> None:
    images = [write_chip(tmp_path / "train", number) for number in range(3)]
    assert Swed().accepts(tmp_path)
    scenes = pickle.loads(pickle.dumps(Swed().open(tmp_path)))  # noqa: S301  # our own bytes
    assert len(scenes) == len({scene.name for scene in scenes}) == 3
    assert scenes[1].bands == L2A
    raster = scenes[1].source.read(Window(4, 8, 10, 12))
    np.testing.assert_allclose(raster.values, images[1].transpose(2, 0, 1)[:, 4:14, 8:20] / 10000, rtol=1e-6)
    reference = scenes[1].reference
    assert reference is not None
    assert reference.names == {1: "water", 2: "land"}
    codes = reference.read(Window(6, 0, 5, 2))
    assert codes.dtype == np.uint8
    assert codes[:, 0].tolist() == [1, 1, 0, 2, 2]


def test_swed_folder_with_images_itself_and_selection(tmp_path: Path) -> None:
    image = write_chip(tmp_path)
    (scene,) = Swed(bands=["B12", "B8A"]).open(tmp_path)
    values = scene.source.read(scene.window).values
    np.testing.assert_allclose(values, image.transpose(2, 0, 1)[[11, 8]] / 10000, rtol=1e-6)
    with pytest.raises(ConfigError, match="Got B10"):
        Swed(bands=["B10"]).open(tmp_path)


def test_swed_zero_is_nodata_and_reflectance_is_kept(tmp_path: Path) -> None:
    image = write_chip(tmp_path).astype(np.float32) / 10000
    image[:2] = 0
    np.save(tmp_path / "images" / f"{NAME}_image_0_0.npy", image)
    (scene,) = Swed().open(tmp_path)
    raster = scene.source.read(scene.window)
    assert raster.valid.sum() == 30 * 32
    np.testing.assert_allclose(raster.values, image.transpose(2, 0, 1), rtol=1e-6)


def test_swed_test_tifs(tmp_path: Path) -> None:
    write_chip(tmp_path / "train")
    write_tiff(tmp_path / "test" / "images" / f"{NAME}_image_5.tif", counts(12, 32, 32, seed=5))
    write_tiff(tmp_path / "test" / "labels" / f"{NAME}_label_5.tif", np.ones((1, 32, 32), np.uint8))
    _, scene = Swed().open(tmp_path)
    assert scene.bands == L2A
    assert scene.crs is not None
    assert scene.reference is not None
    assert (scene.reference.read(scene.window) == 1).all()


def test_swed_image_without_label_has_no_reference(tmp_path: Path) -> None:
    write_chip(tmp_path)
    next((tmp_path / "labels").iterdir()).unlink()
    assert Swed().open(tmp_path)[0].reference is None


def test_swed_refuses_other_folders_and_shapes(tmp_path: Path) -> None:
    assert not Swed().accepts(tmp_path)
    with pytest.raises(NotReadable, match="holds no images"):
        Swed().open(tmp_path)
    with pytest.raises(NotReadable, match="does not exist"):
        Swed().open(tmp_path / "gone")
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    np.save(tmp_path / "images" / "a.npy", np.ones((8, 8, 3)))
    with pytest.raises(NotUsable, match=r"\(8, 8, 3\); expected \(rows, columns, 12\)"):
        Swed().open(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (np.array([{"a": 1}], dtype=object), "expected real numbers"),
        (np.ones(3, dtype=np.complex64), "expected real numbers"),
    ],
)
def test_swed_npy_of_objects_is_refused(tmp_path: Path, content: np.ndarray, reason: str) -> None:
    write_chip(tmp_path)
    np.save(next((tmp_path / "images").iterdir()), content, allow_pickle=True)
    with pytest.raises(NotReadable, match=reason):
        Swed().open(tmp_path)


def test_swed_npy_that_promises_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    write_chip(tmp_path, 0)
    write_chip(tmp_path, 1)
    scenes = Swed().open(tmp_path)
    path = tmp_path / "images" / f"{NAME}_image_1_0.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(NotReadable, match="it is cut off"):
        scenes[1].source.read(scenes[1].window)
    np.save(path, np.ones((16, 16, 12), np.uint16))
    with pytest.raises(NotReadable, match=r"has the shape \(16, 16, 12\)"):
        scenes[1].source.read(scenes[1].window)
