"""Makes the README's pictures of the viewer: ``python plugins/napari-rsgraph/screenshots.py demo`` on a screen.

It opens the workspace in a real window, brushes as a person would, and grabs the window. The labels that it gives are
taken back at the end.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from shutil import copytree
from time import perf_counter
from typing import Any

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_rsgraph.window import Window, open_workspace

PICTURES = Path(__file__).parent / "pictures"
SHOWN = ("chips", "segments", "layers")
"""Those that READMEs show; the others are saved where another folder is named, for a look."""
SIZES = {"layers": (1920, 1080)}
"""Of windows that are not shown at 1280 x 800."""
USUAL = (1280, 800)


def process_events(seconds: float = 1.0) -> None:
    """Let the window finish what it had to do."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        QApplication.processEvents()


def grab(window: Window, name: str, folder: Path) -> None:
    """Save the whole window, at the size at which the picture is shown."""
    if folder == PICTURES and name not in SHOWN:
        return
    size = SIZES.get(name, USUAL)
    if (window.main.width(), window.main.height()) != size:
        window.main.resize(*size)
        process_events()
        window.arrange()
    process_events()
    folder.mkdir(exist_ok=True)
    picture = window.main.grab()
    assert (picture.width(), picture.height()) == size, "the screen is smaller than the window"
    picture.save(str(folder / f"{name}.png"))


def densest(points: Any, rows: Any, radius: float) -> Any:
    """Return the points within a radius of the one that has most such neighbours among some rows."""
    distances = np.hypot(*(points[rows][:, None] - points[rows][None]).T)
    centre = rows[(distances < radius).sum(axis=0).argmax()]
    return np.flatnonzero(np.hypot(*(points - points[centre]).T) < radius)


def brush(window: Window, rows: Any, radius: float, mode: Any = "replace") -> None:
    """Put the brush where it covers most of some points, and let it select."""
    session = window.session
    points = session.map.points
    inside = densest(points, rows[:: max(len(rows) // 600, 1)], radius)
    session.brush(inside, mode, True)


def label(window: Window, name: str) -> None:
    """Label the selection."""
    window.session.label(name)
    window.work.wait()


def lay_over(window: Window, folder: Path) -> None:
    """Lay outlines of fields in longitudes and latitudes over the scene."""
    import geopandas
    import shapely

    scene = window.session.tables.scenes[0]
    a, _, left, _, e, top = scene.transform[:6]
    at = np.random.default_rng(0).uniform(0.1, 0.9, (12, 2)) * (a * scene.columns, e * scene.rows) + (left, top)
    fields = shapely.buffer(shapely.points(at), np.linspace(0.03, 0.09, 12) * a * scene.columns)
    path = folder / "places.geojson"
    geopandas.GeoDataFrame(geometry=fields, crs=scene.crs).to_crs(4326).to_file(path)
    window.session.selection.clear()
    window.main.resize(*SIZES["layers"])
    process_events()
    window.arrange()
    window.session.overlays.add([path])
    window.work.wait()
    window.open_tab("Layers")
    process_events()


def walk(window: Window, folder: Path) -> None:
    """Go through the session, from the first look to the history."""
    session, work = window.session, window.work
    grab(window, "open", folder)
    session.selection.set_level("chips")
    brush(window, np.arange(session.tables.n_chips), 1.0)
    grab(window, "chips", folder)
    for name in ("water", "woods", "green fields", "bare fields"):
        window.labels.new_name.setText(name)
        window.labels.add_class()
        work.wait()
    session.take_apart(np.ones(session.tables.n_chips, dtype=bool))
    strongest = np.asarray(session.workspace.embedding("target")).argmax(axis=1)
    reach = 0.12 * float(np.ptp(session.map.points))
    for cluster, name in zip(
        np.argsort(-np.bincount(strongest))[:4], ("water", "woods", "green fields", "bare fields"), strict=False
    ):
        brush(window, np.flatnonzero(strongest == cluster), reach)
        label(window, name)
    brush(window, np.flatnonzero(strongest == strongest[0]), reach / 2)
    grab(window, "segments", folder)
    lay_over(window, session.workspace.folder.parent)
    grab(window, "layers", folder)
    for layer in list(session.overlays.layers):
        session.overlays.remove(layer)
    session.selection.select(np.array([10]))
    session.find_similar()
    work.wait()
    for verdict in ("accepted", "accepted", "rejected"):
        session.search.judge(verdict)  # type: ignore[arg-type]
    grab(window, "search", folder)
    session.suggestions.predict("classifier", session.maps.layer)
    work.wait()
    window.open_tab("Suggest")
    session.suggestions.make_queue("least certain first", session.maps.layer)
    work.wait()
    session.colouring.choose("predicted")
    grab(window, "suggest", folder)
    window.open_tab("Export")
    grab(window, "export", folder)
    window.open_tab("History")
    process_events()
    grab(window, "history", folder)
    window.show_sheet()
    process_events()
    if folder != PICTURES:
        window.sheet.grab().save(str(folder / "shortcuts.png"))
    window.sheet.close()


def main() -> None:
    """Open a copy of the workspace, walk, save."""
    workspace = Path(sys.argv[1])
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else PICTURES
    with tempfile.TemporaryDirectory() as temporary:
        copied = copytree(workspace, Path(temporary) / workspace.name)
        viewer = napari.Viewer(title=f"rsgraph: {workspace.name}", show=False)
        window = open_workspace(viewer, copied, own=True)
        viewer.window.show()
        process_events(0.2)
        viewer.window.resize(*USUAL)
        window.work.wait(300_000)
        process_events()
        window.arrange()
        walk(window, folder)
        window.close()
        viewer.close()


if __name__ == "__main__":
    main()
