"""The survey: against numpy on the whole scene."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.errors import NotUsable
from rsgraph.io.chips import cut
from rsgraph.io.survey import survey
from rsgraph.types import Floats, Mask, Raster, Scene, Window


@dataclass(frozen=True, eq=False)
class Held:
    """Pixels in memory."""

    values: Floats
    valid: Mask
    broken: int = 0

    def read(self, window: Window) -> Raster:
        row, column, rows, columns = window
        place = np.s_[row : row + rows, column : column + columns]
        return Raster(self.values[:, *place], self.valid[place], self.broken if row == column == 0 else 0)


@dataclass(frozen=True, eq=False)
class Saturated(Held):
    """The same, with some pixels masked for a number that is no measurement."""

    def read(self, window: Window) -> Raster:
        raster = super().read(window)
        return replace(raster, implausible=int(np.count_nonzero(~raster.valid)))


def scene(values: Floats, valid: Mask | None = None, broken: int = 0, **options: bool) -> Scene:
    valid = np.ones(values.shape[1:], dtype=bool) if valid is None else valid
    names = tuple(f"B{i:02d}" for i in range(1, len(values) + 1))
    return Scene("held", names, *values.shape[1:], Held(values, valid, broken), **options)  # type: ignore[arg-type]  # flags


@given(seed=st.integers(0, 10**6), rows=st.integers(2, 90), columns=st.integers(2, 90))
def test_survey_agrees_with_numpy(seed: int, rows: int, columns: int) -> None:
    random = np.random.default_rng(seed)
    values = random.random((3, rows, columns), dtype=np.float32) + 5
    valid = random.random((rows, columns)) > 0.3
    valid[0, :2] = True
    found = survey([scene(values, valid)], cut([scene(values, valid)], size=32))
    pixels = values[:, valid].astype(np.float64)
    np.testing.assert_allclose(found.mean, pixels.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels.std(axis=1), rtol=1e-7, atol=1e-12)
    np.testing.assert_array_equal(found.minimum, pixels.min(axis=1))
    np.testing.assert_array_equal(found.maximum, pixels.max(axis=1))
    np.testing.assert_allclose(found.percentile_2, np.percentile(pixels, 2, axis=1), atol=1e-6)
    np.testing.assert_allclose(found.percentile_98, np.percentile(pixels, 98, axis=1), atol=1e-6)
    assert found.valid == valid.sum()
    assert found.valid + found.nodata + found.not_finite == rows * columns
    assert json.loads(json.dumps(found.to_json()))["mean"] == list(found.mean)


def test_survey_percentiles_of_a_large_scene_are_close_and_repeatable() -> None:
    values = np.random.default_rng(0).random((1, 1024, 1024), dtype=np.float32)
    chips = cut([scene(values)])
    found = survey([scene(values)], chips)
    assert found.percentile_2[0] == pytest.approx(0.02, abs=0.002)
    assert found.percentile_98[0] == pytest.approx(0.98, abs=0.002)
    assert survey([scene(values)], chips) == found


def test_survey_counts_fractions_and_says_what_is_wrong() -> None:
    values = np.random.default_rng(0).random((2, 32, 64), dtype=np.float32)
    values[1] = 0.5
    valid = np.ones((32, 64), dtype=bool)
    valid[:, :16] = False
    one = scene(values, valid, broken=12, reflectance=False)
    calls: list[tuple[int, int]] = []
    found = survey([one], cut([one], size=32), progress=lambda done, total: calls.append((done, total)))
    assert found.valid_fraction == (0.5, 1.0)
    assert (found.valid, found.nodata, found.not_finite) == (1536, 500, 12)
    assert found.constant_bands == ("B02",)
    assert calls == [(1, 2), (2, 2)]
    assert found.notes == (
        "500 pixels (24.4%) are nodata and masked.",
        "12 pixels (0.6%) are NaN or infinite in some band and masked.",
        "Constant bands carry no information: B02.",
        "The values are not reflectance (8-bit display stretch): spectra and indices mean little.",
    )


def test_survey_refuses_scenes_without_information() -> None:
    values = np.ones((2, 16, 16), dtype=np.float32)
    with pytest.raises(NotUsable, match="Every band of held is constant"):
        survey([scene(values)], cut([scene(values)], size=16))
    empty = scene(values, np.zeros((16, 16), dtype=bool))
    with pytest.raises(NotUsable, match="No pixel of held is valid"):
        survey([empty], cut([empty], size=16))
    with pytest.raises(NotUsable, match="no chip"):
        survey([scene(values)], [])


def test_survey_refuses_scenes_of_different_bands() -> None:
    scenes = [scene(np.ones((n, 16, 16), dtype=np.float32)) for n in (2, 3)]
    with pytest.raises(NotUsable, match=r"have different bands .* select common ones: reader\.bands=\[B01,B02\]"):
        survey(scenes, cut(scenes, size=16))
    others = [scenes[0], replace(scenes[0], name="other", bands=("red", "nir"))]
    with pytest.raises(NotUsable, match="run those without a common band by themselves"):
        survey(others, cut(others, size=16))


def test_survey_says_how_many_pixels_hold_a_number_that_is_no_reflectance() -> None:
    values = np.random.default_rng(0).random((2, 40, 40), dtype=np.float32)
    valid = np.ones((40, 40), dtype=bool)
    valid[30:, 32:] = False
    held = Scene("held", ("B01", "B02"), 40, 40, Saturated(values, valid))
    found = survey([held], cut([held], size=32))
    assert (found.valid, found.nodata) == (1520, 80)
    assert found.notes[0] == "80 pixels (5.0%) are nodata and masked."
    assert found.notes[1].startswith("80 pixels (5.0%) among them hold a number that is no reflectance")
