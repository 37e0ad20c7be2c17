"""The stage of pictures: chips are looked at in blocks, and only those that are seen one by one are kept so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasterio

from rsgraph.blocks import ResumableBlocks
from rsgraph.pictures.quicklook import draw_quicklook
from rsgraph.run.runner import run
from rsgraph.stages.pictures import _THUMBNAIL
from rsgraph.workspace import Workspace
from tests.run.several import several, write_scene
from tests.small_runs import TINY, composed


def of_finished(finished: Workspace, tmp_path: Path, *options: str) -> dict[str, Any]:
    """Return the config of a run whose stages are cached, but for the pictures."""
    cache = finished.folder.parent / ".rsgraph-cache"
    return composed(*TINY, "draw=true", f"workspace={tmp_path / 'w'}", f"cache.path={cache}", *options)


def test_pictures_go_on_after_an_interrupt(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    config = of_finished(finished, tmp_path, "display=[B04,B03,B02]")
    with monkeypatch.context() as patch:
        patch.setattr("rsgraph.stages.pictures.save_png", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(config)
    stages = run(config).manifest["stages"]
    assert stages["pictures"]["facts"]["resumed_blocks"] == len(finished.chips)


def test_thumbnails_are_made_of_chips_that_are_seen(
    finished: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int, int]] = []
    plain = ResumableBlocks.map

    def watched(self: ResumableBlocks, name: str, *rest: Any) -> Iterator[Any]:
        for arrays in plain(self, name, *rest):
            made.extend(array.shape for key, array in arrays.items() if key.startswith("thumbnail"))
            yield arrays

    monkeypatch.setattr(ResumableBlocks, "map", watched)
    monkeypatch.setattr("rsgraph.pictures.chip_map.MOST", 3)
    monkeypatch.setattr("rsgraph.stages.pictures.choose_queries", lambda points: [])
    run(of_finished(finished, tmp_path, "display=[B08,B04,B03]"))
    assert len(made) == 3 < len(finished.chips)
    assert max(max(shape) for shape in made) <= _THUMBNAIL


@pytest.mark.parametrize("rules", [1, 2])
def test_captions_say_what_is_assumed_of_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: int) -> None:
    captions: list[str] = []
    drawn = draw_quicklook

    def kept(image: Any, *, caption: str, **more: Any) -> Any:
        captions.append(caption)
        return drawn(image, caption=caption, **more)

    monkeypatch.setattr("rsgraph.stages.pictures.draw_quicklook", kept)
    path = write_scene(tmp_path / "a.tif", 64, 64)
    with rasterio.open(path, "r+") as target:
        target.descriptions = (None,) * 12
    workspace = run(several([path], tmp_path / "w", "draw=true", f"reader.rules={rules}"))
    (caption,) = captions
    assert caption.startswith("True colour: red B04, green B03, blue B02")
    assert ("(assumed: Sentinel-2's bands in ESA's order)" in caption) is (rules == 2)
    assert workspace.scene.assumed == ("Sentinel-2's bands in ESA's order" if rules == 2 else None)
