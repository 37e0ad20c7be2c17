"""The generated coast: the same wherever one looks from, true to its own ground truth, and plausible."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rsgraph.errors import ConfigError
from rsgraph.io.fingerprint import fingerprint
from rsgraph.io.synthetic import coast
from rsgraph.io.synthetic.reader import BANDS, NAMES, SPECTRA, Synthetic
from rsgraph.types import Scene, Window

MEANS = (0.0624027, 0.0822122, 0.2222610, 0.1589361)
ROW = (0.7299645, 0.4287876, 0.2188615, 0.3407957, 0.2873969, 0.2925653)
CODES = {name: code for code, name in NAMES.items()}


def scene(**options: object) -> Scene:
    return Synthetic(**options).open(None)[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def coast_512() -> tuple[Scene, np.ndarray, np.ndarray]:
    made = scene(rows=512, columns=512, seed=3)
    return made, made.source.read(made.window).values, made.reference.read(made.window)


def spans(size: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, size - 1), st.integers(1, 90)).map(lambda s: (s[0], min(s[1], size - s[0])))


@settings(max_examples=40, deadline=None)
@given(rows=spans(512), columns=spans(512))
def test_source_gives_the_same_pixels_in_every_window(coast_512, rows, columns) -> None:
    made, values, codes = coast_512
    part = (slice(rows[0], sum(rows)), slice(columns[0], sum(columns)))
    window = Window(rows[0], columns[0], rows[1], columns[1])
    assert np.array_equal(made.source.read(window).values, values[(slice(None), *part)])
    assert np.array_equal(made.reference.read(window), codes[part])


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(32, 200), columns=st.integers(32, 200), seed=st.integers(0, 2**31 - 1), clouds=st.floats(0, 0.9)
)
def test_source_is_finite_and_coded_for_any_size_and_seed(rows, columns, seed, clouds) -> None:
    made = scene(rows=rows, columns=columns, seed=seed, clouds=clouds)
    raster = made.source.read(made.window)
    assert raster.values.dtype == np.float32
    assert raster.valid.all()
    assert 0 < raster.values.min() <= raster.values.max() <= 1
    codes = made.reference.read(made.window)
    assert set(np.unique(codes)) <= set(NAMES)


def test_source_survives_pickling(coast_512) -> None:
    made, values, _ = coast_512
    again = pickle.loads(pickle.dumps(made))  # noqa: S301  our own bytes: what a process pool does
    assert np.array_equal(again.source.read(Window(7, 9, 20, 30)).values, values[:, 7:27, 9:39])


@pytest.mark.parametrize("seed", range(5))
def test_reference_holds_every_class(seed: int) -> None:
    made = scene(seed=seed)
    codes = made.reference.read(made.window)
    share = {name: float((codes == code).mean()) for name, code in CODES.items()}
    assert min(share.values()) > 0.005, share
    assert 0.2 < share["water"] < 0.6
    assert share["cloud"] == pytest.approx(0.04, abs=0.004)


@pytest.mark.parametrize("seed", range(5))
def test_river_runs_from_the_northern_edge_into_the_sea(seed: int) -> None:
    made = scene(rows=600, columns=500, seed=seed, clouds=0)
    water = made.reference.read(made.window) == CODES["water"]
    pieces, _ = ndimage.label(water, structure=np.ones((3, 3)))
    sea = pieces[-1, 250]
    assert sea > 0
    assert (pieces[0] == sea).any()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_clouds_cover_the_share_that_was_asked_for(share: float) -> None:
    made = scene(rows=300, columns=300, clouds=share)
    codes = made.reference.read(made.window)
    assert (codes == CODES["cloud"]).mean() == pytest.approx(share, abs=0.01)


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    window = Window(0, 0, 256, 256)
    clean = scene(noise=0).source.read(window).values
    rest = (scene(noise=0.004).source.read(window).values - clean)[:, clean.min(axis=0) > 0.02].astype(np.float64)
    assert rest.std(axis=1) == pytest.approx(np.full(12, 0.004), rel=0.02)
    assert rest.mean(axis=1) == pytest.approx(np.zeros(12), abs=5e-5)
    correlation = np.corrcoef(rest)
    assert np.abs(correlation - np.eye(12)).max() < 0.03


def test_noise_of_the_next_pixel_is_independent() -> None:
    window = Window(0, 0, 256, 256)
    clean = scene(noise=0).source.read(window).values[7]  # B08 is bright enough on land that nothing is cut off
    drawn = (scene(noise=0.002).source.read(window).values[7] - clean).astype(np.float64) / 0.002
    assert clean.min() > 0.01
    assert abs(np.mean(drawn[1:] * drawn[:-1])) < 0.02
    assert abs(np.mean(drawn[:, 1:] * drawn[:, :-1])) < 0.02


@settings(max_examples=60, deadline=None)
@given(y=st.floats(-50, 50), x=st.floats(-50, 50), salt=st.integers(0, 2**31))
def test_slope_noise_knows_its_own_derivatives(y, x, salt) -> None:
    step = 1e-5
    value, slope_y, slope_x = coast._slope_noise(y, x, salt)
    assert -1 <= value <= 1
    below, beside = coast._slope_noise(y + step, x, salt)[0], coast._slope_noise(y, x + step, salt)[0]
    assert slope_y == pytest.approx((below - value) / step, abs=1e-3)
    assert slope_x == pytest.approx((beside - value) / step, abs=1e-3)


def test_classes_have_the_spectra_of_their_materials(coast_512) -> None:
    _, values, codes = coast_512
    median = {name: np.median(values[:, codes == code], axis=1) for name, code in CODES.items()}
    band = {name: BANDS.index(name) for name in BANDS}
    for plants in ("forest", "grassland", "golf"):
        assert median[plants][band["B08"]] > 3 * median[plants][band["B04"]]  # red edge
    assert median["water"][band["B08"]] < 0.03
    assert median["water"][band["B11"]] < 0.02
    assert median["beach"][band["B04"]] > 0.2
    assert median["cloud"][band["B02"]] > 0.5
    assert median["forest"][band["B08"]] < median["golf"][band["B08"]]
    assert 0.1 < median["urban"][band["B11"]] < 0.3


@pytest.mark.parametrize("seed", range(3))
def test_water_is_separable_by_its_darkness_in_the_infrared(seed: int) -> None:
    made = scene(rows=640, columns=640, seed=seed)
    water = made.reference.read(made.window) == CODES["water"]
    dark = made.source.read(made.window).values[BANDS.index("B11")] < 0.06
    assert (dark & water).sum() / (dark | water).sum() > 0.98


def test_borders_are_mixed_and_interiors_are_not() -> None:
    row = np.zeros((5, 1), np.float32)
    row[2:] = 1  # two materials meet between columns 1 and 2
    blurred = np.empty((3, 1), np.float32)
    coast._blur(row, row, row, blurred)
    assert blurred[:, 0] == pytest.approx([0.2, 0.8, 1.0])
    coast._blur(np.zeros_like(row), np.zeros_like(row), np.ones_like(row), blurred)
    assert blurred[:, 0] == pytest.approx([0.2, 0.2, 0.2])


def test_full_tile_is_read_anywhere_without_being_stored() -> None:
    made = scene(rows=10_980, columns=10_980)
    assert len(pickle.dumps(made)) < 100_000
    corner = made.source.read(Window(10_900, 10_900, 80, 80))
    inside = made.source.read(Window(10_940, 10_950, 10, 20))
    assert np.array_equal(corner.values[:, 40:50, 50:70], inside.values)


def test_full_tile_has_several_rivers_and_varied_places() -> None:
    made = scene(rows=10_980, columns=10_980)
    places = [Window(row, column, 64, 64) for row in range(0, 6000, 1500) for column in range(0, 10_900, 1500)]
    shares = [np.bincount(made.reference.read(place).ravel(), minlength=9) for place in places]
    assert len(np.unique(np.array(shares), axis=0)) > 0.8 * len(places)
    assert made.source.layout.rivers == 3


def test_scene_is_georeferenced_and_says_what_it_is() -> None:
    made = scene(rows=40, columns=50, pixel_size=20.0, epsg=32618)
    assert (made.rows, made.columns, made.bands) == (40, 50, BANDS)
    assert made.transform == (20.0, 0.0, 399960.0, 0.0, -20.0, 5600040.0)
    assert "18N" in made.crs
    assert made.files == ()
    assert "not an observation" in made.notes[0]
    assert dict(made.reference.names) == NAMES


def test_scene_is_identified_by_its_settings() -> None:
    options = [{}, {"seed": 1}, {"noise": 0.0}, {"clouds": 0.1}, {"rows": 65}, {"places": "varied"}]
    hashes = [fingerprint([scene(**{"rows": 64, "columns": 64, **more})], known=None) for more in options]
    assert len(set(hashes)) == len(options)
    assert hashes[0] == fingerprint([scene(rows=64, columns=64)], known=None)


def test_scene_of_one_kind_keeps_pixels_and_identity_of_version_1() -> None:
    """Figures of the pixels as they were before there were varied places."""
    made = scene(rows=512, columns=512, seed=3)
    values = made.source.read(made.window).values.astype(np.float64)
    assert values.mean(axis=(1, 2))[[0, 3, 7, 10]] == pytest.approx(MEANS, abs=1e-6)
    assert values[7, 50, ::100] == pytest.approx(ROW, abs=1e-6)
    assert "places" not in made.identity


@pytest.fixture(scope="module")
def varied_tile() -> Scene:
    return scene(rows=10_980, columns=10_980, places="varied", clouds=0.0)


def test_varied_source_gives_the_same_pixels_in_every_window(varied_tile) -> None:
    top, left = 5000, 4300  # lakes, dry country and farms, some in every part
    whole = Window(top, left, 200, 200)
    values, codes = varied_tile.source.read(whole).values, varied_tile.reference.read(whole)
    for row, column, rows, columns in ((0, 0, 1, 1), (3, 17, 30, 40), (96, 101, 16, 16), (111, 15, 89, 185)):
        part = Window(top + row, left + column, rows, columns)
        inside = (slice(row, row + rows), slice(column, column + columns))
        assert np.array_equal(varied_tile.source.read(part).values, values[(slice(None), *inside)])
        assert np.array_equal(varied_tile.reference.read(part), codes[inside])


def test_varied_tile_has_all_classes_and_names_them(varied_tile) -> None:
    step = range(0, 10_900, 300)
    codes = [varied_tile.reference.read(Window(r, c, 16, 16)) for r in step for c in step]
    share = np.bincount(np.ravel(codes), minlength=11)[1:] / np.size(codes)
    shares = {varied_tile.reference.names[code + 1]: value for code, value in enumerate(share)}
    assert shares.pop("cloud") == 0
    assert min(shares.values()) > 0.0003, shares
    assert 0.1 < shares["water"] < 0.4
    assert shares["bare"] > 0.03


def test_varied_tile_differs_from_region_to_region(varied_tile) -> None:
    """Neighbouring chips are alike, far ones are not: medians of the infrared over land."""
    starts = [(row, column) for row in range(500, 7500, 1000) for column in range(500, 10_500, 1000)]

    def means(away: int) -> np.ndarray:
        at = [Window(row + away, column, 96, 96) for row, column in starts]
        return np.array([varied_tile.source.read(each).values.mean(axis=(1, 2)) for each in at])

    here, beside = means(0), means(100)
    near = np.abs(here - beside).mean()
    far = np.abs(here - np.roll(here, 35, axis=0)).mean()
    assert far > 1.5 * near


def test_varied_fields_are_smooth_and_absent_where_all_places_are_alike(varied_tile) -> None:
    layout = varied_tile.source.layout
    places = coast._places(3200, 1600, 160, 160, layout)
    assert places.shape == (11, 11, coast._FIELDS)
    assert np.abs(np.diff(places, axis=0)).max() < 0.1
    assert np.abs(places).max() <= 1
    assert np.ptp(places) > 0.5
    assert not coast._places(3200, 1600, 160, 160, layout._replace(varied=0.0)).any()


def test_between_is_linear_and_exact_at_the_corners(varied_tile) -> None:
    layout, place = varied_tile.source.layout, np.zeros(coast.TINT)
    corners = coast._places(3200, 1600, 1, 1, layout)
    coast._between(3200.0, 1600.0, corners, layout, place)
    assert place == pytest.approx(corners[0, 0, : coast.TINT])
    coast._between(3208.0, 1612.0, corners, layout, place)
    expected = np.array([0.125, 0.375, 0.125, 0.375]) @ corners.reshape(4, -1)[:, : coast.TINT]
    assert place == pytest.approx(expected)


def test_spectra_are_those_of_the_table() -> None:
    assert SPECTRA.shape == (24, 12)
    assert SPECTRA.dtype == np.float32
    assert SPECTRA[coast.SAND] == pytest.approx(
        np.array([165, 205, 270, 325, 345, 355, 365, 375, 385, 375, 445, 420]) / 1000
    )


def test_reader_accepts_no_path() -> None:
    assert Synthetic().accepts(Path(".")) is False


def test_source_refuses_a_window_outside_the_scene() -> None:
    made = scene(rows=64, columns=64)
    with pytest.raises(ValueError, match="must lie inside 64 x 64 pixels"):
        made.source.read(Window(0, 60, 10, 10))
    with pytest.raises(ValueError, match="must lie inside 64 x 64 pixels"):
        made.reference.read(Window(-1, 0, 10, 10))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 31}, "`rows` must be between 32 and 100000"),
        ({"columns": 64.5}, "`columns` must be a whole number"),
        ({"seed": -1}, "`seed` must be between 0"),
        ({"noise": -0.1}, "`noise` must be between 0 and 0.5"),
        ({"clouds": 1}, "`clouds` must be between 0 and 0.9"),
        ({"clouds": "many"}, "Got 'many' instead"),
        ({"pixel_size": 0}, "`pixel_size` must be between"),
        ({"epsg": 4326}, "`epsg` must be a UTM zone"),
        ({"rows": True}, "Got True instead"),
        ({"places": "many"}, "`places` must be one of: one, varied. Got 'many' instead"),
    ],
)
def test_reader_refuses_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Synthetic(**options)  # type: ignore[arg-type]
