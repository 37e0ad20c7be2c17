"""The gallery: 200 chips on the screen, refreshed at chip and at segment level; and what a view costs to make.

A generated scene of 12 bands is written as GeoTIFF with a raster of about 570 segments per chip (wavy squares: what
they look like does not matter here). ``make_view`` runs in a process of its own, whose largest resident set is
counted. Then the real widget shows 200 chips of 128 x 128 pixels, all of them in sight at once in a window of
2 560 x 1 700, and is painted synchronously. The peer does what a script would: for each chip it cuts the array, tints
it by a mask, turns it into a Pillow image and pastes that into one sheet, which a QLabel shows (without captions).
The same as 200 axes of matplotlib is timed too.

    xvfb-run -a -s "-screen 0 2700x1800x24" python -m experiments.benchmarks.gallery [SIZE] [FOLDER]
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmarks.record import record
from rsgraph.files import write_json
from rsgraph.run.scenes import Reopened
from rsgraph.types import Scene
from rsgraph.view.view import View, find_view, make_view

SIZE, CHIP, CELL, SHOWN, ROUNDS = 4096, 256, 11, 200, 60
SEED = 0

Rows = np.ndarray[Any, Any]
Mask = np.ndarray[Any, Any]


class Generated(Reopened):
    """A workspace whose scene is the GeoTIFF beside it."""

    def opened(self) -> list[Scene]:
        """Open the scene."""
        from rsgraph import build

        return list(build("reader", name="geotiff").open(self.path("scene.tif")))


def main(size: int = SIZE, folder: str | None = None) -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        place = Path(folder) if folder else Path(temporary)
        if not (place / "segments.parquet").exists():
            _apart(generate, str(place), size)
        made, peak = _apart(make, str(place))
        found = find_view(Generated(place))
        assert found is not None
        rows = [_cost(place, size, made, peak), *refreshes(found, size)]
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    print(record("gallery", rows, seed=SEED))


def _apart(work: Callable[..., float], *arguments: object) -> tuple[float, float]:
    """Run in a process of its own; return seconds and the largest resident set in GB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, arguments))


def _measured(work: Callable[..., float], arguments: tuple[object, ...]) -> tuple[float, float]:
    seconds = work(*arguments)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def generate(folder: str, size: int) -> float:
    """Write scene, segments and tables."""
    from rsgraph import build
    from rsgraph.io.writers import raster_writer, windows, write_scene
    from rsgraph.types import Window

    start, place = time.perf_counter(), Path(folder)
    (scene,) = build("reader", name="synthetic", rows=size, columns=size).open(None)
    write_scene(scene, place / "scene.tif")
    (scene,) = build("reader", name="geotiff").open(place / "scene.tif")
    chips = list(windows(size, size, Window(0, 0, CHIP, CHIP)))
    segments, first = [], 1
    with raster_writer(
        place / "segments.tif",
        rows=size,
        columns=size,
        count=1,
        dtype="uint32",
        crs=scene.crs,
        transform=scene.transform,
        nodata=0,
        descriptions=["segment_id"],
    ) as writer:
        for number, window in enumerate(chips):
            ids = wavy(window.rows, window.columns) + first
            n = int(ids.max()) + 1 - first
            writer.write(ids[None].astype(np.uint32), window)
            segments.append(pd.DataFrame({"segment_id": np.arange(first, first + n), "chip_id": number}))
            first += n
    pd.concat(segments).astype({"segment_id": np.uint32}).to_parquet(place / "segments.parquet", index=False)
    table = pd.DataFrame(chips, columns=["row_offset", "column_offset", "rows", "columns"])
    table.assign(chip_id=np.arange(len(chips))).to_parquet(place / "chips.parquet", index=False)
    about = {
        "name": scene.name,
        "bands": list(scene.bands),
        "rows": size,
        "columns": size,
        "crs": scene.crs,
        "transform": list(scene.transform),
        "files": [],
        "class_name": None,
    }
    write_json(place / "scene.json", {"scenes": [about], "survey": _limits(scene), "side": CHIP})
    return time.perf_counter() - start


def _limits(scene: Scene) -> dict[str, Any]:
    n = len(scene.bands)
    return {"bands": list(scene.bands), "percentile_2": [0.02] * n, "percentile_98": [0.35] * n}


def wavy(rows: int, columns: int) -> np.ndarray[Any, Any]:
    """Numbers from 0 of squares with wavy sides."""
    row, column = np.indices((rows, columns)).astype(float)
    down = (row + 2 * np.sin(column / 5) + 2).astype(int) // CELL
    across = (column + 2 * np.sin(row / 5) + 2).astype(int) // CELL
    return np.unique(down * 1000 + across, return_inverse=True)[1].reshape(rows, columns)


def make(folder: str) -> float:
    """Make the view."""
    start = time.perf_counter()
    make_view(Generated(folder))
    return time.perf_counter() - start


def _cost(place: Path, size: int, seconds: float, peak: float) -> dict[str, Any]:
    stored = sum(file.stat().st_size for file in (place / "view").rglob("*.npy")) / 1e9
    return {
        "work": f"make_view of {size} x {size} x 12",
        "ours_s": round(seconds, 1),
        "peak_gb": round(peak, 3),
        "disk_gb": round(stored, 3),
        "float32_gb": round(size * size * 48 / 1e9, 2),
    }


def refreshes(view: View, size: int) -> list[dict[str, Any]]:
    """Time the widget and its peers on the same chips."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "plugins" / "napari-rsgraph"))
    from PIL.ImageQt import ImageQt
    from qtpy.QtGui import QPixmap
    from qtpy.QtWidgets import QApplication, QLabel

    from napari_rsgraph.gallery.gallery import Gallery

    application = QApplication.instance() or QApplication([])
    gallery = Gallery()
    gallery.resize(2560, 1700)
    gallery.set_view(view)
    gallery.show()
    generator = np.random.default_rng(SEED)
    n, largest = len(view.windows), int(view.ids.max())
    count = min(SHOWN, n)
    draws = [np.sort(generator.choice(n, count, replace=False)) for _ in range(ROUNDS)]
    chosen = [generator.random(largest + 1) < 0.3 for _ in range(8)]

    label = QLabel()
    label.resize(2560, 1700)
    label.show()

    def repaint(chips: Rows, taken: Mask | None) -> None:
        if taken is None:
            gallery.show_chips(chips, total=n)
        else:
            gallery.show_segments(chips, taken, counts=np.full(count, 100), total=n)
        gallery.tiles.viewport().repaint()

    def anew(turn: int) -> None:
        gallery.tiles.forget()
        repaint(draws[turn], None)

    def show(chips: Rows, taken: Mask | None) -> None:
        label.setPixmap(QPixmap.fromImage(ImageQt(sheet(view, chips, taken))))
        label.repaint()

    repaint(draws[0], None)
    while not (gallery.windowHandle().isExposed() and label.windowHandle().isExposed()):
        application.processEvents()
    assert len(gallery.tiles.places_in_sight()) == count
    moved = [_brushed(largest, turn) for turn in range(ROUNDS)]
    same, other = [draws[0]] * ROUNDS, draws
    works: dict[str, tuple[list[Rows], list[Mask | None]]] = {
        "chips never seen before": (other, [None] * ROUNDS),
        "chosen segments change, a twentieth of them": (same, moved),
        "chosen segments change, all of them": (same, [chosen[turn % 8] for turn in range(ROUNDS)]),
        "chosen segments and chips change, all of them": (other, [chosen[turn % 8] for turn in range(ROUNDS)]),
    }
    return [
        _row(
            f"{name}: {count} of {n} chips, scene {size}",
            anew if masks[0] is None else lambda turn, a=chips, b=masks: repaint(a[turn], b[turn]),
            lambda turn, a=chips, b=masks: show(a[turn], b[turn]),
            lambda turn, a=chips, b=masks: axes(view, a[turn], b[turn]),
        )
        for name, (chips, masks) in works.items()
    ]


def _brushed(largest: int, turn: int) -> Mask:
    """A third of all segments, moving on by a fortieth of all: as many leave."""
    start = turn * (largest // 40)
    ids = np.arange(largest + 1)
    found: Mask = (ids - start) % (largest + 1) < largest // 3
    return found


def _row(name: str, ours: Callable[[int], None], pillow: Callable[[int], Any], plot: Callable[[int], Any]) -> Any:
    for turn in range(3):
        ours(turn)
    mine, busy, theirs = np.empty(ROUNDS), np.empty(ROUNDS), np.empty(ROUNDS // 6)
    for turn in range(ROUNDS):  # in turns, so that another load hits both alike
        start = time.thread_time()
        mine[turn] = _seconds(ours, turn)
        busy[turn] = time.thread_time() - start
        if turn % 6 == 0:
            theirs[turn // 6] = _seconds(pillow, turn)
    drawn = _seconds(plot, 0)
    middle, peer = float(np.median(mine)), float(np.median(theirs))
    return {
        "work": name,
        "ours_s": round(middle, 4),
        "p99_s": round(float(np.percentile(mine, 99)), 4),
        "cpu_s": round(float(np.median(busy)), 4),
        "peer_s": round(peer, 4),
        "ratio": round(peer / middle, 1),
        "matplotlib_s": round(drawn, 2),
        "matplotlib_ratio": round(drawn / middle),
        "bound_s": 0.1,
        "note": "median, p99, CPU of real repaints under Xvfb; peer: Pillow chip by chip, shown in a QLabel",
    }


def _seconds(work: Callable[[int], Any], turn: int) -> float:
    start = time.perf_counter()
    work(turn)
    return time.perf_counter() - start


def tinted(view: View, chip: int, chosen: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
    """One chip as a script would make it."""
    rgb, ids = view.chip(chip, 128)
    if chosen is None:
        return rgb
    blue = np.array([24, 82, 190])
    return np.where(chosen[ids][..., None], rgb, (0.4 * rgb + 0.6 * blue)).astype(np.uint8)


def sheet(view: View, chips: np.ndarray[Any, Any], chosen: np.ndarray[Any, Any] | None) -> Any:
    """All chips pasted into one Pillow image."""
    from PIL import Image

    canvas = Image.new("RGB", (2560, 1700))
    for place, chip in enumerate(chips.tolist()):
        canvas.paste(Image.fromarray(tinted(view, chip, chosen)), (place % 19 * 134, place // 19 * 150))
    return canvas


def axes(view: View, chips: np.ndarray[Any, Any], chosen: np.ndarray[Any, Any] | None) -> Any:
    """All chips as axes of one matplotlib figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(25.6, 16), dpi=100)
    for place, chip in enumerate(chips.tolist()):
        panel = figure.add_axes((place % 19 / 19, place // 19 / 11, 0.05, 0.08))
        panel.imshow(tinted(view, chip, chosen))
        panel.set_axis_off()
    FigureCanvasAgg(figure).draw()
    return figure


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]  # two optional words
