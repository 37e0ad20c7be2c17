"""The reader is picked by looking, and every real scene opens."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from rsgraph.components import build
from rsgraph.errors import ConfigError, NotReadable
from rsgraph.io.auto import Auto
from rsgraph.io.chips import cut
from rsgraph.io.survey import survey
from tests.io.rasters import counts, write_tiff
from tests.io.safe_product import write_safe, zipped
from tests.io.test_eurosat import picture
from tests.io.test_swed import write_chip


def test_auto_picks_by_looking(tmp_path: Path) -> None:
    safe = write_safe(tmp_path / "safe", level="1C")
    write_tiff(tmp_path / "bands" / "B02.tif", counts(1))
    write_tiff(tmp_path / "bands" / "B03.tif", counts(1))
    tiff = write_tiff(tmp_path / "scene.tif", counts(3))
    write_chip(tmp_path / "swed" / "train")
    (tmp_path / "e" / "Forest").mkdir(parents=True)
    (tmp_path / "e" / "Forest" / "Forest_1.png").write_bytes(picture((1, 2, 3)))
    found = {
        path: len(Auto().open(path)[0].bands)
        for path in (safe, zipped(safe), tmp_path / "bands", tiff, tmp_path / "swed", tmp_path / "e")
    }
    assert list(found.values()) == [13, 13, 2, 3, 12, 3]
    assert all(Auto().accepts(path) for path in found)


def test_auto_hands_overrides_on(tmp_path: Path) -> None:
    tiff = write_tiff(tmp_path / "scene.tif", counts(2))
    reader = build("reader", name="auto", bands=["B04", "B03"], scale=0.001, offset=-0.1, nodata=5, crs="EPSG:32631")
    (scene,) = reader.open(tiff)
    assert scene.bands == ("B04", "B03")
    assert scene.identity["scale"] == [0.001, 0.001]
    assert scene.identity["offset"] == [-0.1, -0.1]
    assert scene.identity["nodata"] == ["5.0", "5.0"]
    assert "31N" in (scene.crs or "")
    write_chip(tmp_path / "swed")
    with pytest.raises(ConfigError, match="many zones"):
        Auto(crs="EPSG:32631").open(tmp_path / "swed")


def test_auto_says_what_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("hello")
    (tmp_path / "empty.tif").touch()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "nothing").mkdir()
    for path, reason in (
        (None, r"say reader=synthetic"),
        (tmp_path / "gone.tif", "does not exist"),
        (tmp_path, r"broken.zip is neither a folder nor a readable \.zip"),
        (tmp_path / "nothing", r"looked for a SAFE product .*EuroSAT.*SWED.*B02\.tif.*GDAL"),
        (tmp_path / "text.tif", "not recognized"),
        (tmp_path / "empty.tif", r"is empty \(0 bytes\)"),
        (tmp_path / "broken.zip", "cannot be read"),
    ):
        with pytest.raises(NotReadable, match=reason):
            Auto().open(path)


def test_auto_advises_a_folder_in_the_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tiff(tmp_path / "downloads" / "may" / f"{name}.tif", counts(3))
    with pytest.raises(NotReadable, match=r"Where scenes lie in a folder of it \(may\), name that"):
        Auto().open(tmp_path / "downloads")
    assert len(Auto().open(tmp_path / "downloads" / "may")) == 2


@pytest.mark.real
def test_auto_opens_and_surveys_every_real_scene(real_data: Path) -> None:
    paths = [*sorted(real_data.glob("*.tif")), *sorted(real_data.glob("*_bands")), real_data / "eurosat_ms_200"]
    assert len(paths) >= 17
    for path in [*paths, real_data / "eurosat_rgb.zip"]:
        scenes = pickle.loads(pickle.dumps(Auto().open(path)))[:: 500 if path.suffix == ".zip" else 1]  # noqa: S301  # our own bytes
        found = survey(scenes, cut(scenes))
        assert found.valid > 0.6 * (found.valid + found.nodata + found.not_finite), path
        assert found.not_finite == 0, path
        assert all(0 <= low <= high < 1.2 for low, high in zip(found.percentile_2, found.percentile_98, strict=True))
        assert found.constant_bands == (), path
