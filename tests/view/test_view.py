from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from filelock import FileLock
from skimage.measure import block_reduce

from rsgraph.errors import ConfigError, NotReadable, OutputError, WorkspaceMismatch
from rsgraph.files import write_json
from rsgraph.io.display import NO_DATA, stretch
from rsgraph.run.scenes import Reopened
from rsgraph.types import Scene, Window
from rsgraph.view import files as view_files
from rsgraph.view import view as viewing
from rsgraph.view.view import OUTSIDE, View, find_view, make_view, mean_colours
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import OpenedWorkspace, scene, write_workspace

TRUE = (2, 1, 0)
ROWS, COLUMNS = 70, 107


@pytest.fixture
def workspace(tmp_path: Path) -> OpenedWorkspace:
    """Chips of 32 pixels, those at the right and lower edge smaller; a corner without data."""
    return write_workspace(tmp_path / "w", [scene(rows=ROWS, columns=COLUMNS)])


@pytest.fixture
def collection(tmp_path: Path) -> OpenedWorkspace:
    images = [scene(name, rows=32, columns=24, class_name=name[:-2]) for name in ("River_1", "Forest_22", "Sea_333")]
    return write_workspace(tmp_path / "w", images)


def expected(workspace: OpenedWorkspace, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The picture and ids of a scene, from its source and its GeoTIFF."""
    each = workspace.opened_scenes[number]
    raster = each.source.read(each.window)
    found = workspace.survey
    low, high = (np.array([found[name][band] for band in TRUE]) for name in ("percentile_2", "percentile_98"))
    high = np.minimum(high, 0.3)
    image = stretch(raster.values[list(TRUE)], raster.valid, low.astype(np.float32), high.astype(np.float32))
    with rasterio.open(workspace.segment_file(each.name if len(workspace.opened_scenes) > 1 else None)) as file:
        return image, file.read(1)


def left(workspace: Workspace) -> set[str]:
    """Folders of the view, temporary ones included."""
    return {path.name for path in workspace.path("view").iterdir() if path.is_dir()}


def test_make_view_holds_the_pixels_of_scene_and_segments(workspace: OpenedWorkspace) -> None:
    (level,) = make_view(workspace).levels()
    for found, wanted in zip(level, expected(workspace), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_levels_halve_ids_by_every_second_pixel_and_colours_by_means(
    workspace: OpenedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_files, "SMALLEST", 30)
    levels = make_view(workspace).levels()
    assert [ids.shape for _, ids in levels] == [(70, 107), (35, 54), (18, 27)]
    for (rgb, ids), (smaller, fewer) in pairwise(levels):
        np.testing.assert_array_equal(fewer, ids[::2, ::2])
        padded = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        means = np.floor(block_reduce(padded, (2, 2, 1), np.mean) + 0.5)
        np.testing.assert_array_equal(smaller, means)


def test_levels_of_strips_and_blocks_join_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_workspace(tmp_path / "w", [scene(rows=ROWS, columns=COLUMNS)])
    monkeypatch.setattr(view_files, "SMALLEST", 30)
    whole = [tuple(map(np.array, level)) for level in make_view(made).levels()]
    assert len(whole) == 3
    monkeypatch.setattr(view_files, "_STRIP", 16)
    monkeypatch.setattr(view_files, "_BLOCK", Window(0, 0, 16, 40))
    monkeypatch.setattr(viewing, "_LAYOUT", 99)
    for found, wanted in zip(make_view(made).levels(), whole, strict=True):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("thumbnail", [128, 16])
def test_chip_is_the_window_of_the_scene(
    workspace: OpenedWorkspace, monkeypatch: pytest.MonkeyPatch, thumbnail: int
) -> None:
    monkeypatch.setattr(view_files, "THUMBNAIL", thumbnail)
    view = make_view(workspace)
    image, ids = expected(workspace)
    for chip, (row, column, rows, columns) in enumerate(view.windows.tolist()):
        here = (slice(row, row + rows), slice(column, column + columns))
        found = view.chip(chip, 32)
        np.testing.assert_array_equal(found[0], image[here])
        np.testing.assert_array_equal(found[1], ids[here])
        np.testing.assert_array_equal(view.chip(chip, 16)[1], ids[here][::2, ::2])
        np.testing.assert_array_equal(view.chip(chip, 8)[1], ids[here][::4, ::4])


def test_chip_of_any_size_takes_the_nearest_pixels(workspace: OpenedWorkspace) -> None:
    view = make_view(workspace)
    ids = expected(workspace)[1][:32, :32]
    np.testing.assert_array_equal(view.chip(0, 64)[1], ids.repeat(2, axis=0).repeat(2, axis=1))
    at = ((np.arange(20) + 0.5) * 32 / 20).astype(int)
    np.testing.assert_array_equal(view.chip(0, 20)[1], ids[at[:, None], at])


def test_chips_are_squares_padded_with_the_gray_of_windows(workspace: OpenedWorkspace) -> None:
    view = make_view(workspace)
    last = len(view.windows) - 1
    rgb, ids = view.chips(np.array([last, 0]), 32)
    rows, columns = view.windows[last, 2:].tolist()
    assert (rows, columns) == (70 - 64, 107 - 96)
    np.testing.assert_array_equal(ids[0, :rows, :columns], view.chip(last, 32)[1])
    assert not ids[0, rows:].any()
    assert not ids[0, :, columns:].any()
    assert (rgb[0, rows:] == OUTSIDE).all()
    np.testing.assert_array_equal(rgb[1], view.chip(0, 32)[0])


def test_view_is_read_only_and_its_chips_are_copies(workspace: OpenedWorkspace) -> None:
    view = make_view(workspace)
    assert not view.levels()[0][0].flags.writeable
    assert not view.levels()[0][1].flags.writeable
    rgb, ids = view.chip(0, 32)
    rgb[:], ids[:] = 7, 7
    assert not (view.chip(0, 32)[1] == 7).all()


def test_collection_is_a_few_files_and_chips_come_from_their_own_scene(collection: OpenedWorkspace) -> None:
    view = make_view(collection)
    assert sorted(path.name for path in collection.path("view").rglob("*.npy")) == ["ids.npy", "rgb.npy"]
    for number in range(3):
        image, ids = expected(collection, number)
        np.testing.assert_array_equal(view.levels(number)[0][0], image)
        np.testing.assert_array_equal(view.chip(number, 32)[1], ids)
    assert view.chips(np.array([2, 0]), 16)[1].shape == (2, 16, 16)


def test_find_view_finds_what_was_made_for_this_display(workspace: OpenedWorkspace) -> None:
    assert find_view(workspace) is None
    made = make_view(workspace)
    found = find_view(workspace)
    assert found is not None
    np.testing.assert_array_equal(found.rgb, made.rgb)
    assert found.description == "true colour: red B04, green B03, blue B02"
    assert find_view(workspace, display="false_colour") is None
    other = make_view(workspace, display=["B08", "B08", "B08"])
    assert other.description == "gray: B08"
    assert (other.rgb[:, 0] == other.rgb[:, 1]).all()
    assert left(workspace) == {"ids", "B04-B03-B02", "B08-B08-B08"}


def test_find_view_refuses_a_display_that_the_scene_lacks(workspace: OpenedWorkspace) -> None:
    with pytest.raises(ConfigError, match="B12"):
        find_view(workspace, display=["B12", "B04", "B03"])


def test_view_of_former_segments_is_not_found_and_made_anew(workspace: OpenedWorkspace) -> None:
    old = make_view(workspace)
    write_json(workspace.path("manifest.json"), {"stages": {"segments": {"outputs": {"segments.tif": "0" * 64}}}})
    assert find_view(workspace) is None
    new = make_view(workspace)
    np.testing.assert_array_equal(new.ids, old.ids)
    assert left(workspace) == {"ids", "B04-B03-B02"}


def test_ids_are_shared_by_displays(workspace: OpenedWorkspace) -> None:
    make_view(workspace)
    before = workspace.path("view", "ids", "ids.npy").stat().st_ino
    make_view(workspace, display="false_colour")
    assert workspace.path("view", "ids", "ids.npy").stat().st_ino == before


@pytest.mark.parametrize("damage", ["truncate", "forge"])
def test_damaged_view_is_not_found(workspace: OpenedWorkspace, damage: str) -> None:
    make_view(workspace)
    path = workspace.path("view", "B04-B03-B02", "rgb.npy" if damage == "truncate" else "view.json")
    path.write_bytes(path.read_bytes()[:-50])
    assert find_view(workspace) is None
    np.testing.assert_array_equal(make_view(workspace).levels()[0][0], expected(workspace)[0])


def test_progress_ends_at_its_total(workspace: OpenedWorkspace) -> None:
    calls: list[tuple[int, int]] = []
    make_view(workspace, progress=lambda done, total: calls.append((done, total)))
    assert len({total for _, total in calls}) == 1
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1][0] == calls[-1][1]


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.7, 0.99])
def test_cancelling_leaves_nothing_half_made(workspace: OpenedWorkspace, share: float) -> None:
    def progress(done: int, total: int) -> None:
        if done >= share * total:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_view(workspace, progress=progress)
    assert left(workspace) <= {"ids"}
    assert find_view(workspace) is None
    np.testing.assert_array_equal(make_view(workspace).levels()[0][0], expected(workspace)[0])


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """No file may grow beyond this: what a full disk looks like to the one who writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_is_reported_and_leaves_nothing(workspace: OpenedWorkspace) -> None:
    with file_limit(10_000), pytest.raises(OutputError, match="disk is full"):
        make_view(workspace)
    assert left(workspace) == set()
    assert (make_view(workspace).rgb == make_view(workspace).rgb).all()


def test_what_a_killed_process_left_is_cleared(workspace: OpenedWorkspace) -> None:
    old = workspace.path("view", ".ids.new.partial")
    old.mkdir(parents=True)
    (old / "ids.npy").write_bytes(b"half")
    make_view(workspace)
    assert left(workspace) == {"ids", "B04-B03-B02"}


def test_two_at_once_make_one_view(workspace: OpenedWorkspace) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: make_view(workspace), range(2))
    np.testing.assert_array_equal(one.rgb, other.rgb)
    assert left(workspace) == {"ids", "B04-B03-B02"}


def test_waiting_for_another_process_can_be_cancelled(workspace: OpenedWorkspace) -> None:
    def cancel(done: int, total: int) -> None:
        raise Cancelled

    workspace.path("view").mkdir()
    with FileLock(workspace.path("view", ".lock")), pytest.raises(Cancelled):
        make_view(workspace, progress=cancel)


def test_scene_of_another_size_is_refused(workspace: OpenedWorkspace) -> None:
    other = OpenedWorkspace(workspace.folder, [scene(rows=40, columns=64)])
    with pytest.raises(WorkspaceMismatch, match="coast is no longer"):
        make_view(other)


def segment_colours(view: View) -> dict[int, set[tuple[int, ...]]]:
    rgb, ids = view.levels()[0]
    return {int(i): {tuple(colour) for colour in rgb[ids == i].tolist()} for i in np.unique(ids)}


def test_mean_colours_paint_each_segment_by_its_mean_reflectance(workspace: OpenedWorkspace) -> None:
    view = mean_colours(Workspace(workspace.folder))
    found = segment_colours(view)
    means = np.asarray(workspace.embedding("bands"))[:, TRUE].T[:, :, None]
    limits = np.zeros(3, np.float32), np.full(3, 0.3, np.float32)
    limits[0][1] = 0.1
    wanted = stretch(means, np.ones(means.shape[1:], dtype=bool), *limits)[:, 0]
    assert found.pop(0) == {NO_DATA}
    numbers = workspace.segments["segment_id"]
    assert found == {int(i): {tuple(colour)} for i, colour in zip(numbers, wanted.tolist(), strict=True)}
    assert "mean colour of each segment" in view.description
    assert find_view(workspace) is None


def test_run_workspace_shows_its_scene_and_survives_the_loss_of_it(
    finished: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = Reopened(tmp_path / "w")
    for path in finished.folder.rglob("*"):
        if path.is_file() and "view" not in path.parts:
            target = here.path(*path.relative_to(finished.folder).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    view = make_view(here)
    (opened,) = here.opened()
    raster = opened.source.read(opened.window)
    assert np.corrcoef(view.levels()[0][0][..., 0][raster.valid], raster.values[3][raster.valid])[0, 1] > 0.8
    with rasterio.open(here.segment_file()) as file:
        np.testing.assert_array_equal(view.levels()[0][1], file.read(1))

    def gone(self: Reopened) -> list[Scene]:
        raise NotReadable("the scene is gone")

    monkeypatch.setattr(Reopened, "opened", gone)
    assert find_view(here) is not None
    with pytest.raises(NotReadable):
        make_view(here, display="false_colour")
    assert mean_colours(here).levels()[0][0].shape == view.levels()[0][0].shape


def test_view_json_says_what_the_picture_is(workspace: OpenedWorkspace) -> None:
    make_view(workspace)
    about = json.loads(workspace.path("view", "B04-B03-B02", "view.json").read_text())
    assert about["description"] == "true colour: red B04, green B03, blue B02"
