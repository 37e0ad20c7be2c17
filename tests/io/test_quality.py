"""Numbers of quality layers and their meaning, after their documents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.io.quality import ALWAYS, KINDS, Quality, QualityLayer, kind_of, variant
from rsgraph.io.resampling import Axis
from rsgraph.types import CLEAR, CLOUD, LOST, SHADOW, Window
from tests.io.rasters import write_tiff

MEANINGS: dict[str, dict[int, int]] = {
    # Sen2Cor: no data, saturated or defective, dark features, shadow of clouds, vegetation, bare, water,
    # unclassified, clouds of medium and high probability, cirrus, snow
    "scl": {0: LOST, 1: LOST, 2: CLEAR, 3: SHADOW, 4: CLEAR, 5: CLEAR, 6: CLEAR, 7: CLEAR}
    | {8: CLOUD, 9: CLOUD, 10: CLOUD, 11: CLEAR},
    "qa60": {0: CLEAR, 1024: CLOUD, 2048: CLOUD, 3072: CLOUD},
    # Landsat collection 2: fill; clear; dilated; cirrus; cloud; shadow; snow; water (values of the product guide)
    "qa_pixel": {1: LOST, 21824: CLEAR, 21826: CLOUD, 54596: CLOUD, 22280: CLOUD}
    | {23888: SHADOW, 30048: CLEAR, 21952: CLEAR},
    # Landsat collection 1: fill, clear, water, shadow, cloud
    "pixel_qa": {1: LOST, 322: CLEAR, 324: CLEAR, 328: SHADOW, 352: CLOUD, 480: CLOUD},
    "fmask": {0: CLEAR, 1: CLEAR, 2: SHADOW, 3: CLEAR, 4: CLOUD, 255: LOST},
    "fmask_bits": {64: CLEAR, 0b01: CLOUD, 0b10: CLOUD, 0b1000: SHADOW, 0b100000: CLEAR, 0b1010: CLOUD, 255: LOST},
    "cloud_mask": {0: CLEAR, 1: CLOUD, 2: CLOUD, 3: SHADOW, 255: CLOUD},
    "cloud_mask_255": {0: CLEAR, 1: CLOUD, 255: LOST},
    "cloud_probability": {0: CLEAR, 49: CLEAR, 50: CLOUD, 100: CLOUD},
    "data_mask": {0: LOST, 1: CLEAR},
    "qa_radsat": {0: CLEAR, 1: LOST, 8: LOST, 1 << 9: LOST, 1 << 11: CLEAR},
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGS)
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_numbers_mean_what_the_documents_say(name: str, dtype: str) -> None:
    numbers = np.array([list(MEANINGS[name])]).astype(dtype)
    kind = kind_of(name)
    assert kind.decode(numbers).tolist() == list(MEANINGS[name].values())
    assert kind.known(numbers)


def test_classification_of_level_1c_is_clouds_and_cirrus() -> None:
    layers = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.uint8)  # opaque, cirrus, snow
    assert KINDS["classi"].decode(layers).tolist() == [CLEAR, CLOUD, CLOUD, CLEAR]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("scl", [4, 12]), ("scl", [4, 4.5]), ("qa60", [0, 0.25]), ("qa60", [7]), ("cloud_mask", [40]),
     ("cloud_probability", [255])],
)  # fmt: skip
def test_other_numbers_are_not_those_of_the_kind(name: str, numbers: list[float]) -> None:
    assert not KINDS[name].known(np.array([numbers]))


def test_nan_is_no_data_of_a_classification_and_nothing_of_bits() -> None:
    assert KINDS["scl"].decode(np.array([[np.nan, 4.0]])).tolist() == [LOST, CLEAR]
    assert KINDS["qa60"].decode(np.array([[np.nan, 1024.0]])).tolist() == [CLEAR, CLOUD]


def test_variants_are_known_by_their_numbers() -> None:
    assert variant(KINDS["fmask"], np.array([[0, 4, 255]])).name == "fmask"
    assert variant(KINDS["fmask"], np.array([[64, 192, 255]])).name == "fmask_bits"
    assert variant(KINDS["cloud_mask"], np.array([[0, 255]])).name == "cloud_mask"
    assert variant(KINDS["cloud_mask"], np.array([[0, 1, 255]])).name == "cloud_mask_255"
    assert variant(KINDS["scl"], np.array([[4]])).name == "scl"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SCL", "scl"), ("T48QUE_20200223T032739_SCL_20m", "scl"), ("QA60", "qa60"),
        ("LC08_L2SP_QA_PIXEL", "qa_pixel"), ("pixel_qa", "pixel_qa"), ("Fmask", "fmask"),
        ("HLS.S30.T48.v2.0.Fmask", "fmask"), ("cloud_mask", "cloud_mask"),
        ("CLM", "cloud_mask"), ("cloud", "cloud_mask"), ("MSK_CLDPRB_20m", "cloud_probability"),
        ("cloud_probability", "cloud_probability"), ("MSK_CLASSI_B00", "classi"), ("QA_RADSAT", "qa_radsat"),
        ("dataMask", "data_mask"),
        ("B02", None), ("scloud", None), ("clouds_sentinel2", None), ("mask", None),
    ],
)  # fmt: skip
def test_kinds_are_known_by_name(text: str, name: str | None) -> None:
    found = [kind.name for kind in (*KINDS.values(), *ALWAYS) if kind.pattern.search(text)]
    assert found[:1] == ([name] if name else [])


def test_coarser_layers_are_looked_up_at_the_nearest_pixel(tmp_path: Path) -> None:
    numbers = np.array([[4, 9], [3, 0]], dtype=np.uint8)[None]
    path = str(write_tiff(tmp_path / "SCL.tif", numbers))
    layer = QualityLayer("scl", path, (1,), 2, 2, Axis(0.0, 0.5), Axis(0.0, 0.5))
    whole = np.array([[CLEAR, CLOUD], [SHADOW, LOST]]).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(layer.read(Window(0, 0, 4, 4)), whole)
    np.testing.assert_array_equal(layer.read(Window(1, 1, 2, 3)), whole[1:3, 1:4])


def test_several_layers_say_the_worst(tmp_path: Path) -> None:
    clouds = write_tiff(tmp_path / "a.tif", np.array([[[2, 4], [0, 0]]], dtype=np.uint8))
    saturated = write_tiff(tmp_path / "b.tif", np.array([[[0, 1], [0, 1]]], dtype=np.uint16))
    layers = (QualityLayer("fmask", str(clouds), (1,), 2, 2), QualityLayer("qa_radsat", str(saturated), (1,), 2, 2))
    assert Quality(layers).read(Window(0, 0, 2, 2)).tolist() == [[SHADOW, LOST], [CLEAR, LOST]]
    assert Quality(layers).knows_shadows
    assert not Quality(layers[1:]).knows_shadows
    lost = QualityLayer("fmask", str(clouds), (1,), 2, 2, only_lost=True)
    assert Quality((lost, layers[1])).read(Window(0, 0, 2, 2)).tolist() == [[CLEAR, LOST], [CLEAR, LOST]]
    assert not Quality((lost,)).knows_shadows
