"""The way of a new user: `make demo`, `rsgraph label demo`, water in a few brushes, export, open it elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QPushButton
from rasterio.features import rasterize
from scipy.spatial import cKDTree

from napari_rsgraph.point_map.brush import middle
from napari_rsgraph.window import Window, open_workspace
from rsgraph import Workspace

pytestmark = pytest.mark.slow

WATER = 1
"""Its code in the generated scene's ground truth."""
STROKES = 9


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make demo` leaves."""
    folder = tmp_path_factory.mktemp("new user")
    command = [sys.executable, "-m", "rsgraph", "run", "experiment=demo", "workspace=demo", "draw=false"]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"}, timeout=1200)
    return folder / "demo"


@pytest.fixture
def window(demo: Path, make_napari_viewer_proxy: Callable[..., Any], qtbot: Any) -> Any:
    viewer = make_napari_viewer_proxy(show=True)
    opened = open_workspace(viewer, demo)
    viewer.window.resize(1280, 800)
    assert opened.work.wait(120_000)
    opened.main.activateWindow()  # shortcuts need the active window; nobody else activates it on a virtual screen
    qtbot.waitUntil(opened.main.isActiveWindow)
    yield opened
    opened.close()


def what_a_person_sees(workspace: Workspace) -> NDArray[np.bool_]:
    """Segments that look like water: dark in the near infrared, brighter in green. No ground truth in here."""
    bands = list(workspace.scene.bands)
    means = np.asarray(workspace.embedding("bands"))
    green, infrared = means[:, bands.index("B03")], means[:, bands.index("B08")]
    return np.asarray(green > infrared)


def circles(points: NDArray[np.float32], wanted: NDArray[np.bool_], areas: NDArray[Any]) -> list[tuple[Any, float]]:
    """Choose circles on the map that together cover what is wanted and little else, largest gain first."""
    tree, worth = cKDTree(points), np.where(wanted, areas, -areas).astype(float)
    centres = points[np.random.default_rng(0).permutation(np.flatnonzero(wanted))[:300]]
    found: list[tuple[Any, float]] = []
    while len(found) < STROKES:
        tried = [
            (centre, radius) for centre in centres for radius in np.geomspace(0.5, 8, 24)
        ]  # wide enough to be dragged by its middle
        gains = [worth[tree.query_ball_point(centre, radius)].sum() for centre, radius in tried]
        best = int(np.argmax(gains))
        if gains[best] < 0.0003 * areas.sum():
            break
        found.append(tried[best])
        worth[tree.query_ball_point(*tried[best])] = 0
    return found


def brush(qtbot: Any, window: Window, centre: NDArray[np.float32], radius: float) -> None:
    """Drag the circle to a place of the 2-D map, with the mouse: by its middle, where there is one already."""
    points = window.overview.points
    points.radius = radius
    qtbot.wait(30)  # a shorter legend leaves the map more room

    def pixel(place: Any) -> QPoint:
        return QPoint(*(round(float(part)) for part in np.ravel(points.to_screen(np.array([place])))))

    end = pixel(centre)
    start = end - QPoint(6, 6) if points.brush is None else pixel(middle(points.brush))
    qtbot.mousePress(points, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(points, end)
    qtbot.wait(30)
    qtbot.mouseRelease(points, Qt.MouseButton.LeftButton, pos=end)
    qtbot.wait(30)
    reached = points.to_screen(np.array([middle(points.brush), centre]))
    assert np.abs(reached[0] - reached[1]).max() < 2, "the circle went elsewhere"
    assert points.radius == pytest.approx(radius)


def test_water_of_the_demo_is_labelled_in_fewer_than_ten_brushes(
    demo: Path, window: Window, qtbot: Any, tmp_path: Path
) -> None:
    session = window.session
    workspace = Workspace(demo)
    window.labels.new_name.setText("water")
    qtbot.keyClick(window.labels.new_name, Qt.Key.Key_Return)
    assert window.work.wait()
    key = str(session.labels.classes["key"].iloc[0])

    strokes = circles(session.map.points, what_a_person_sees(workspace), workspace.segments["area_px"].to_numpy())
    assert 0 < len(strokes) < 10
    for centre, radius in strokes:
        brush(qtbot, window, centre, radius)
        qtbot.keyClick(window.overview.points, key)
        assert window.work.wait()
    events = session.labels.history()
    assert (events["action"] == "assign").sum() == len(strokes)

    window.commands.run("export")
    for exporter in ("geotiff", "geopackage"):
        export(qtbot, window, exporter)
    with rasterio.open(demo / "reference.tif") as file:
        truth = file.read(1) == WATER
        transform = file.transform
    raster = next((demo / "exports").glob("*classes*.tif"))
    with rasterio.open(raster) as file:
        code = next(number for number, name in enumerate(["", *session.labels.names]) if name == "water")
        painted = file.read(1) == code
        assert file.crs is not None
        assert file.colormap(1)[code][:3] == tuple(session.labels.palette()[code])
    polygons = geopandas.read_file(next((demo / "exports").glob("*.gpkg")))
    water = polygons[polygons["label"] == "water"]
    drawn = rasterize(water.geometry, truth.shape, transform=transform).astype(bool)
    assert np.array_equal(drawn, painted)
    agreement = np.count_nonzero(painted & truth) / np.count_nonzero(painted | truth)
    assert agreement >= 0.95, f"{len(strokes)} brushes gave {agreement:.4f}"


def export(qtbot: Any, window: Window, exporter: str) -> None:
    """Choose an exporter in the panel and press its button."""
    panel = window.export
    panel.exporter.setCurrentIndex(panel.exporter.findData(exporter))
    button = next(each for each in panel.findChildren(QPushButton) if each.text().replace("&", "") == "Export")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.work.wait()
