"""EuroSAT in both kinds and packings."""

from __future__ import annotations

import io
import pickle
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.band_names import EUROSAT
from rsgraph.io.eurosat import EuroSat
from rsgraph.types import Window
from tests.io.rasters import counts, write_tiff


def picture(colour: tuple[int, int, int], size: int = 64) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(params=["folder", "zip"])
def rgb(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    files = {f"2750/{c}/{c}_{i}.png": picture((10 * i, 20, 30 + k)) for k, c in enumerate("AB") for i in (1, 2, 10)}
    files["2750/readme.txt"] = b"hello"
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return tmp_path / "e.zip"
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path / "2750"


def test_eurosat_rgb_images_are_scenes_with_classes(rgb: Path) -> None:
    assert EuroSat().accepts(rgb)
    scenes = pickle.loads(pickle.dumps(EuroSat().open(rgb)))  # noqa: S301  # our own bytes
    assert [scene.name for scene in scenes] == ["A_1", "A_2", "A_10", "B_1", "B_2", "B_10"]
    assert [scene.class_name for scene in scenes] == ["A"] * 3 + ["B"] * 3
    assert scenes[0].bands == ("B04", "B03", "B02")
    assert not any(scene.reflectance for scene in scenes)
    raster = scenes[5].source.read(Window(60, 62, 4, 2))
    assert raster.values.shape == (3, 4, 2)
    np.testing.assert_allclose(raster.values[:, 0, 0], np.array([100, 20, 31]) / 255, rtol=1e-6)
    assert len({str(scene.identity) + str(scene.files) for scene in scenes}) == 6


def test_eurosat_bands_option(rgb: Path) -> None:
    scene = EuroSat(bands=["B02", "B04"], scale=1.0, nodata=30).open(rgb)[0]
    raster = scene.source.read(Window(0, 0, 1, 1))
    assert scene.bands == ("B02", "B04")
    assert not raster.valid.any()
    assert EuroSat(bands=["B02"], scale=1.0).open(rgb)[3].source.read(Window(0, 0, 1, 1)).values[0, 0, 0] == 31
    with pytest.raises(ConfigError, match="B08"):
        EuroSat(bands=["B08"]).open(rgb)


def test_eurosat_thirteen_bands_have_b8a_last(tmp_path: Path) -> None:
    numbers = counts(13, 64, 64)
    numbers[:, :4] = 0
    write_tiff(tmp_path / "Forest" / "Forest_7.tif", numbers)
    for path in (tmp_path, tmp_path / "Forest"):
        (scene,) = EuroSat().open(path)
        assert scene.bands == EUROSAT
        assert scene.class_name == "Forest"
        raster = scene.source.read(scene.window)
        np.testing.assert_allclose(raster.values, numbers / 10000, rtol=1e-6)
        assert raster.valid.sum() == 60 * 64


def test_eurosat_image_of_another_size_fails_when_read(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "A_1.png").write_bytes(picture((1, 2, 3)))
    (tmp_path / "A" / "A_2.png").write_bytes(picture((1, 2, 3), size=32))
    (tmp_path / "A" / "A_3.png").write_bytes(picture((1, 2, 3))[:-30])
    scenes = EuroSat().open(tmp_path)
    with pytest.raises(NotReadable, match=r"A_2\.png has 32 x 32 pixels"):
        scenes[1].source.read(scenes[1].window)
    with pytest.raises(NotReadable, match=r"A_3\.png cannot be read"):
        scenes[2].source.read(scenes[2].window)
    write_tiff(tmp_path / "m" / "B" / "B_1.tif", counts(13, 64, 64))
    write_tiff(tmp_path / "m" / "B" / "B_2.tif", counts(13, 32, 32))
    second = EuroSat().open(tmp_path / "m")[1]
    with pytest.raises(NotReadable, match=r"B_2\.tif has 13 bands of 32 x 32 pixels"):
        second.source.read(second.window)


def test_eurosat_refuses_other_folders(tmp_path: Path) -> None:
    assert not EuroSat().accepts(tmp_path)
    assert not EuroSat().accepts(tmp_path / "gone")
    with pytest.raises(NotReadable, match="holds no images"):
        EuroSat().open(tmp_path)
    with pytest.raises(NotReadable, match="does not exist"):
        EuroSat().open(tmp_path / "gone")
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "A_1.png").write_bytes(picture((1, 2, 3)))
    write_tiff(tmp_path / "A" / "A_2.tif", counts(13, 64, 64))
    with pytest.raises(NotUsable, match=r"both \.tif and \.jpg"):
        EuroSat().open(tmp_path)


def test_eurosat_decompression_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    Image.new("1", (5000, 5000)).save(tmp_path / "A" / "A_1.png")
    with pytest.raises(NotReadable, match="expected at most 4096"):
        EuroSat().open(tmp_path)


@pytest.mark.real
def test_eurosat_real_zip_lists_quickly_and_reads_from_threads(real_data: Path) -> None:
    begin = time.perf_counter()
    scenes = EuroSat().open(real_data / "eurosat_rgb.zip")
    assert time.perf_counter() - begin < 10  # 1.3 s on an idle core
    assert len(scenes) == len({scene.name for scene in scenes}) == 27000
    assert len({scene.class_name for scene in scenes}) == 10
    single = [scene.source.read(scene.window).values for scene in scenes[::900]]
    together: list[list[bool]] = []

    def work() -> None:
        read = (scene.source.read(scene.window).values for scene in scenes[::900])
        together.append([np.array_equal(one, other) for one, other in zip(single, read, strict=True)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [[True] * 30] * 4


@pytest.mark.real
def test_eurosat_real_thirteen_bands_look_like_their_names(real_data: Path) -> None:
    scenes = EuroSat().open(real_data / "eurosat_ms_200")
    forest = next(scene for scene in scenes if scene.class_name == "Forest")
    means = dict(zip(forest.bands, forest.source.read(forest.window).values.mean(axis=(1, 2)), strict=True))
    assert means["B10"] < 0.01  # cirrus
    assert means["B8A"] == pytest.approx(means["B08"], rel=0.25)  # both near infrared
    assert means["B8A"] > 2 * means["B04"]
