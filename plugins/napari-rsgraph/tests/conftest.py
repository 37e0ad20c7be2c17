"""A tiny finished workspace, and a session on a copy of it."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from rsgraph import Workspace
from rsgraph.config import config_folder
from rsgraph.journal.journal import Journal
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened
from rsgraph.view.view import make_view
from rsgraph.workspace import SceneInfo

if TYPE_CHECKING:
    from scene_screen import Screen

    from napari_rsgraph.session.labels import Labels
    from napari_rsgraph.session.session import Session
    from napari_rsgraph.session.tables import Tables

# the segments of windows run side by side in threads; two cores are enough for a tiny scene
os.environ.setdefault("OMP_NUM_THREADS", "1")

TINY = [
    "reader=synthetic",
    "reader.rows=160",
    "reader.columns=200",
    "chips.size=64",
    "encoder.width=4",
    "encoder.depth=3",
    "target.n_clusters=4",
    "segmenter.n_segments=60",
    "graph.k=4",
    "projector=pca",
    "training.encoder.max_epochs=2",
    "training.gnn.max_epochs=3",
    "tracking.uri=none",
    "draw=false",
    "trainer.accelerator=cpu",
    "trainer.threads=1",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens napari as slow: each window takes seconds until it is there, and again until it is gone."""
    for item in items:
        if isinstance(item, pytest.Function) and "make_napari_viewer" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """See to it that no canvas of this test is deleted by a thread of a later one while its context is current."""
    if "qtpy" not in sys.modules:
        return (yield)
    from napari_rsgraph.point_map.opengl import release_context

    release_context()
    gc.disable()
    try:
        return (yield)
    finally:
        release_context()
        gc.enable()


@pytest.fixture(scope="session")
def finished_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished workspace with its view: 160 x 200 pixels, 12 chips of 64. Tests must not change it."""
    folder = tmp_path_factory.mktemp("finished") / "w"
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = OmegaConf.to_container(compose("run", [*TINY, f"workspace={folder}"]), resolve=True)
    assert isinstance(config, dict)
    run({str(key): value for key, value in config.items()})
    make_view(Reopened(folder))
    return folder


@pytest.fixture
def workspace(finished_workspace: Path, tmp_path: Path) -> Path:
    """A copy of the finished workspace, to be labelled and thrown away."""
    return Path(shutil.copytree(finished_workspace, tmp_path / "workspace"))


@pytest.fixture
def tables() -> Tables:
    """Two chips of 10 x 10 pixels side by side, of 10 m; the first has three segments, the second two."""
    from napari_rsgraph.session.tables import Tables

    segments = {"segment_id": [1, 2, 3, 4, 5], "chip_id": [7, 7, 7, 8, 8], "area_px": [50, 30, 20, 60, 40]}
    places = {"row": [2.0, 5.0, 8.0, 3.0, 7.0], "column": [2.0, 5.0, 8.0, 13.0, 17.0]}
    windows = {"row_offset": [0, 0], "column_offset": [0, 10], "rows": [10, 10], "columns": [10, 10]}
    scene = SceneInfo("s", ("B04",), 10, 20, "EPSG:32630", (10.0, 0.0, 4e5, 0.0, -10.0, 5.6e6), (), None)
    found: Any = SimpleNamespace(
        segments=pd.DataFrame({**segments, **places}),
        chips=pd.DataFrame({"chip_id": [7, 8], **windows}),
        scenes=[scene],
    )
    return Tables(found)


@pytest.fixture
def cloudy_tables(tables: Tables) -> Tables:
    """The same of a scene with a quality layer: segments 2 and 5 are mostly cloud or shadow of one."""
    from napari_rsgraph.session.tables import Tables

    shares = {"cloud_share": [0.0, 0.6, 0.2, 0.1, 0.3], "shadow_share": [0.1, float("nan"), 0.2, 0.0, 0.2]}
    segments = tables.segments.assign(**shares)
    found: Any = SimpleNamespace(segments=segments, chips=tables.chips, scenes=tables.scenes)
    return Tables(found)


@pytest.fixture
def labels(tables: Tables, tmp_path: Path) -> Iterator[Labels]:
    """Classes and labels of ``tables`` over a new journal; everything runs at once."""
    from napari_rsgraph.session.labels import Labels
    from napari_rsgraph.session.work import Immediate, Tasks

    journal = Journal.open(tmp_path / "labels.sqlite", segment_ids=tables.ids)
    made = Labels(Workspace(tmp_path), tables, journal, Tasks(Immediate()))
    yield made
    made.close()


@pytest.fixture
def session(workspace: Path) -> Iterator[Session]:
    """A session without a window, on its own copy; everything runs at once."""
    from napari_rsgraph.session.session import open_session
    from napari_rsgraph.session.work import Immediate

    opened = open_session(workspace, Immediate())
    yield opened
    opened.close()


@pytest.fixture
def screen(make_napari_viewer_proxy: Callable[..., Any], session: Session, qtbot: Any) -> Screen:
    """The scene map of a session in a window, and a mouse."""
    from scene_screen import Screen

    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1000, 760)
    # layers are left to the viewer: napari collects garbage for each that is removed
    return Screen(viewer, session, qtbot)
