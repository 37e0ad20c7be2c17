"""Stitched segments: sound, alike whatever the order, and without a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from rsgraph.components import build
from rsgraph.errors import ConfigError
from rsgraph.io.chips import cut, widened
from rsgraph.segmenters.levels import level, levels
from rsgraph.segmenters.preparation import smallest_segment
from rsgraph.segmenters.stitching import Piece, Strip, cut_piece, overlap, stitch
from rsgraph.types import Floats, Mask, PixelSource, Raster, Scene, Window

SIZE, N = 64, 60  # segments of about 8 x 8 pixels
NAMES = ["slic", "felzenszwalb", "watershed"]
each = pytest.mark.parametrize("name", NAMES)


class Pixels:
    """A scene in memory."""

    def __init__(self, values: Floats, valid: Mask) -> None:
        self.values, self.valid = values, valid

    def read(self, window: Window) -> Raster:
        row, column, rows, columns = window
        here = slice(row, row + rows), slice(column, column + columns)
        return Raster(np.where(self.valid[here], self.values[:, *here], 0).astype(np.float32), self.valid[here])


def fields(rows: int, columns: int, seed: int = 0, bands: int = 3) -> Floats:
    """Patches of different spectra with winding borders, and noise."""
    generator = np.random.default_rng(seed)
    height = ndimage.gaussian_filter(generator.normal(size=(rows, columns)), 6)
    classes = np.digitize(height / height.std(), [-1, -0.3, 0.3, 1])
    image = generator.random((5, bands))[classes] + generator.normal(0, 0.02, (rows, columns, bands))
    return np.asarray(np.moveaxis(image, -1, 0), dtype=np.float32)


def pieces_of(scene: Scene, name: str, n_segments: int = N, size: int = SIZE) -> list[Piece]:
    """Cut all chips that hold data, as the pipeline does."""
    segmenter = build("segmenter", name=name, n_segments=n_segments)
    chips = [chip for chip in cut([scene], size=size) if scene.source.read(chip.window).valid.any()]
    found = [level(raster.values, raster.valid) for raster in (scene.source.read(chip.window) for chip in chips)]
    scale = levels([chip.window for chip in chips], found) if len(chips) > 1 else None
    pieces = []
    for chip in chips:
        outer = widened(chip.window, overlap(segmenter, size), scene.window)
        pieces.append(
            cut_piece(
                segmenter,
                scene.source.read(outer),
                window=chip.window,
                outer=outer,
                chip_pixels=size * size,
                levels=None if scale is None else scale.around(outer),
            )
        )
    return pieces


def scene_of(values: Floats, valid: Mask | None = None) -> Scene:
    everywhere = np.ones(values.shape[1:], dtype=bool)
    source: PixelSource = Pixels(values, everywhere if valid is None else valid)
    return Scene("memory", tuple("abc"[: len(values)]), values.shape[1], values.shape[2], source)


def stitched(pieces: list[Piece], scene: Scene, n_segments: int = N, size: int = SIZE) -> list[Strip]:
    return list(stitch(pieces, scene.columns, min_size=smallest_segment(n_segments, size * size)))


def label_map(strips: list[Strip], scene: Scene) -> NDArray[np.uint32]:
    ids = np.zeros((scene.rows, scene.columns), dtype=np.uint32)
    for strip in strips:
        ids[strip.window.row : strip.window.row + strip.window.rows] = strip.ids
    return ids


def assert_sound(strips: list[Strip], scene: Scene, pieces: list[Piece]) -> None:
    """All that is promised of a stitched scene."""
    ids = label_map(strips, scene)
    np.testing.assert_array_equal(ids > 0, scene.source.read(scene.window).valid)
    chips = np.concatenate([strip.chips for strip in strips])
    assert np.unique(ids[ids > 0]).tolist() == list(range(1, len(chips) + 1))
    assert (np.diff(chips) >= 0).all()
    assert np.unique(chips).tolist() == list(range(len(pieces)))  # every chip keeps one
    np.testing.assert_array_equal(
        np.concatenate([strip.areas for strip in strips]), np.bincount(ids.ravel(), minlength=len(chips) + 1)[1:]
    )
    centres = ndimage.center_of_mass(ids > 0, ids, range(1, len(chips) + 1))
    np.testing.assert_allclose(np.concatenate([strip.centroids for strip in strips]), centres)
    for number, found in enumerate(ndimage.find_objects(ids.astype(np.int32))):
        assert ndimage.label(ids[found] == number + 1)[1] == 1
        outer = pieces[chips[number]].outer
        rows, columns = found
        assert outer.row <= rows.start
        assert rows.stop <= outer.row + outer.rows
        assert outer.column <= columns.start
        assert columns.stop <= outer.column + outer.columns


def border_share(ids: NDArray[np.uint32], size: int) -> float:
    """Share of segment borders between the pixels on both sides of chip borders, against that elsewhere."""
    at, elsewhere = [], []
    for turned in (ids, ids.T):
        differ = turned[:, 1:] != turned[:, :-1]
        on_grid = np.arange(1, turned.shape[1]) % size == 0
        at.append(differ[:, on_grid])
        elsewhere.append(differ[:, ~on_grid])
    shares = [np.concatenate([part.ravel() for part in parts]).mean() for parts in (at, elsewhere)]
    return float(shares[0] / shares[1])


MASKS = {
    "all": lambda row, column: row >= 0,
    "disc": lambda row, column: np.hypot(row - 90, column - 80) < 70,
    "diagonal": lambda row, column: row > column + 0.3,
    "islands": lambda row, column: (row % 9 < 5) & (column % 7 < 4),
    "lines": lambda row, column: (row % 64 == 63) | (column == 64),
    "pixel": lambda row, column: (row == 64) & (column == 63),
}


@each
@pytest.mark.parametrize("kind", list(MASKS))
@pytest.mark.parametrize("shape", [(150, 131)])
def test_any_mask(name: str, kind: str, shape: tuple[int, int]) -> None:
    scene = scene_of(fields(*shape), MASKS[kind](*np.mgrid[: shape[0], : shape[1]]))
    pieces = pieces_of(scene, name)
    assert_sound(stitched(pieces, scene), scene, pieces)


@each
@pytest.mark.parametrize("shape", [(64, 64), (65, 65), (129, 1), (1, 200), (67, 192), (128, 128)])
def test_any_shape(name: str, shape: tuple[int, int]) -> None:
    scene = scene_of(fields(*shape, seed=1))
    pieces = pieces_of(scene, name)
    assert_sound(stitched(pieces, scene), scene, pieces)


@each
@pytest.mark.parametrize("n_segments", [1, 4, 200])
def test_any_number_of_segments(name: str, n_segments: int) -> None:
    scene = scene_of(fields(130, 140, seed=2))
    pieces = pieces_of(scene, name, n_segments)
    assert_sound(stitched(pieces, scene, n_segments), scene, pieces)


@each
def test_one_chip_is_segmented_as_without_stitching(name: str) -> None:
    scene = scene_of(fields(60, 50))
    raster = scene.source.read(scene.window)
    single = build("segmenter", name=name, n_segments=N).segment(raster.values, raster.valid, chip_pixels=SIZE**2)
    np.testing.assert_array_equal(label_map(stitched(pieces_of(scene, name), scene), scene), single.labels)


@each
def test_label_map_shows_no_grid(name: str) -> None:
    scene = scene_of(fields(512, 512, seed=3))
    pieces = pieces_of(scene, name)
    ids = label_map(stitched(pieces, scene), scene)
    apart = np.zeros_like(ids)
    for number, piece in enumerate(pieces):
        row, column, rows, columns = piece.window
        inside = piece.labels[row - piece.outer.row :, column - piece.outer.column :][:rows, :columns]
        apart[row : row + rows, column : column + columns] = inside + number * 1000
    assert border_share(apart, SIZE) > 3
    assert 0.7 < border_share(ids, SIZE) < 1.3


@pytest.mark.parametrize("name", ["slic", "watershed"])
def test_seams_leave_no_segment_that_is_too_small_and_about_n_per_chip(name: str) -> None:
    scene = scene_of(fields(384, 320, seed=4))
    pieces = pieces_of(scene, name)
    strips = stitched(pieces, scene)
    areas = np.concatenate([strip.areas for strip in strips])
    assert areas.min() >= smallest_segment(N, SIZE * SIZE)
    density = [piece.labels.max() / piece.labels.size * piece.window.rows * piece.window.columns for piece in pieces]
    assert abs(len(areas) / sum(density) - 1) < 0.05


def test_ids_count_on_and_pieces_may_come_as_a_stream() -> None:
    scene = scene_of(fields(200, 130, seed=5))
    pieces = pieces_of(scene, "slic")
    whole = label_map(stitched(pieces, scene), scene)
    streamed = list(stitch(iter(pieces), scene.columns, min_size=smallest_segment(N, SIZE * SIZE), first_id=101))
    np.testing.assert_array_equal(label_map(streamed, scene), whole + 100)
    assert streamed[0].first_id == 101


def test_pieces_are_not_changed() -> None:
    scene = scene_of(fields(130, 130, seed=6))
    pieces = pieces_of(scene, "slic")
    before = [(piece.labels.copy(), piece.heights.copy()) for piece in pieces]
    stitched(pieces, scene)
    for piece, (labels, heights) in zip(pieces, before, strict=True):
        np.testing.assert_array_equal(piece.labels, labels)
        np.testing.assert_array_equal(piece.heights, heights)


def test_rows_that_do_not_touch_stay_apart() -> None:
    valid = np.ones((192, 70), dtype=bool)
    valid[64:128] = False  # a whole row of chips without data
    scene = scene_of(fields(192, 70), valid)
    pieces = pieces_of(scene, "slic")
    assert_sound(stitched(pieces, scene), scene, pieces)


@pytest.mark.parametrize(("name", "pixels"), [("slic", 13), ("watershed", 13), ("felzenszwalb", 23)])
def test_overlap_is_so_many_segments_wide_as_the_segmenter_says(name: str, pixels: int) -> None:
    assert overlap(build("segmenter", name=name), 256) == pixels


@each
def test_overlap_is_at_most_a_quarter_of_a_chip(name: str) -> None:
    assert overlap(build("segmenter", name=name, n_segments=1), 256) == 64


def test_grid_refuses_to_be_stitched() -> None:
    with pytest.raises(ConfigError, match=r"segmenter.seams` must be chip for segmenter=grid"):
        build("segmenter", name="grid", seams="stitch")


@each
def test_unknown_seams_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="one of: chip, stitch"):
        build("segmenter", name=name, seams="glue")


@pytest.mark.parametrize("offset", [0.0, 0.1])  # the deviation of 0.1 is rounding, not 0
def test_levels_of_bands_that_differ_only_between_chips_are_finite(offset: float) -> None:
    values = fields(64, 128)
    values[0, :, :64], values[0, :, 64:] = offset, offset + 0.3
    scene = scene_of(values)
    windows = [chip.window for chip in cut([scene], size=64)]
    rasters = [scene.source.read(window) for window in windows]
    found = levels(windows, [level(raster.values, raster.valid) for raster in rasters])
    even = found.even(values, np.ones((64, 128), dtype=bool), scene.window)
    assert np.abs(even).max() < 20
    assert 0.5 < np.ptp(even[0]) < 3
    assert_sound(stitched(pieces_of(scene, "slic"), scene), scene, pieces_of(scene, "slic"))
