"""Packages of third parties add components by being installed: one contract for every kind, in one tiny run."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from rsgraph import protocols
from rsgraph.components import KINDS, registry
from rsgraph.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (ROOT / "plugins" / "rsgraph-example", ROOT / "plugins" / "rsgraph-hexagons")
FOREIGN = {
    "reader": "npy",
    "target": "brightness",
    "encoder": "pixelwise",
    "segmenter": "stripes",
    "graph": "chain",
    "metric": "shape_only",
    "gnn": "one_layer",
    "matcher": "brightest",
    "projector": "first_two",
    "executor": "one_by_one",
    "exporter": "label_list",
}
OLD = '''
class Bare:
    """Has no base class."""

    def match(self, nodes, *, progress=None):
        return None


class Old:
    """Written before exporters were handed what leaves."""

    def export(self, workspace, folder, *, progress=None):
        return []
'''


@dataclass(frozen=True)
class Session:
    """What the process with foreign components left: its folder, what it found out and listed, and its errors."""

    folder: Path
    found: dict[str, Any]
    listed: str
    said: str

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / "w")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One process in which both packages are installed: it lists, builds, runs, labels, exports and evaluates."""
    folder = tmp_path_factory.mktemp("foreign")
    pixels = np.random.default_rng(0).uniform(0, 0.3, (4, 70, 100)).astype(np.float32)
    pixels[:, 20:50, 30:80] += 0.3
    np.save(folder / "scene.npy", pixels)
    places = [str(_installed(folder / "site")), *map(str, PACKAGES), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-m", "tests.plugin_session", json.dumps(FOREIGN)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert (folder / "found.json").exists(), done.stderr
    found = json.loads((folder / "found.json").read_text())
    return Session(folder, found, (folder / "components.txt").read_text(), done.stderr)


def _installed(folder: Path) -> Path:
    """Return a folder with the metadata that installers leave of the packages, and one old package."""
    for package in PACKAGES:
        project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
        _write_metadata(folder, project["name"], project["entry-points"])
    old = {"exporter": "old", "matcher": "bare"}
    points = {f"rsgraph.{kind}": {name: f"older:{name.title()}"} for kind, name in old.items()}
    _write_metadata(folder, "older", {**points, "rsgraph.conf": {"older": "older.conf"}})
    for kind, name in old.items():
        (folder / "older" / "conf" / kind).mkdir(parents=True)
        (folder / "older" / "conf" / kind / f"{name}.yaml").write_text(f"name: {name}\n")
    (folder / "older" / "__init__.py").write_text(OLD)
    (folder / "older" / "conf" / "__init__.py").touch()
    return folder


def _write_metadata(folder: Path, name: str, groups: dict[str, dict[str, str]]) -> None:
    info = folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {place}\n" for key, place in of.items()) for group, of in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def _made_by_reader(session: Session) -> None:
    (scene,) = session.workspace.scenes
    assert (scene.name, scene.bands, scene.rows) == ("scene", ("band1", "band2", "band3", "band4"), 70)


def _made_by_target(session: Session) -> None:
    memberships = session.workspace.embedding("target")
    assert memberships.shape == (36, 8)
    np.testing.assert_allclose(memberships.sum(axis=1), 1, rtol=1e-5)


def _made_by_encoder(session: Session) -> None:
    assert session.workspace.embedding("encoder").shape == (36, 8)
    assert not session.workspace.path("latents.npy").exists()


def _made_by_segmenter(session: Session) -> None:
    counts = np.bincount(session.workspace.segments["chip_id"])
    assert counts.tolist() == [4] * 8 + [1] * 4  # stripes of 8 rows: chips of 32 rows, and of 6 at the lower edge
    assert not session.workspace.path("segments.json").exists()  # nothing was stitched


def _made_by_graph(session: Session) -> None:
    edges, n = session.workspace.edges, len(session.workspace.segments)
    assert edges.shape == (2, 2 * n - 2)  # each hears from the one before it and the one after it in reach
    assert (np.diff(edges[1]) >= 0).all()


def _made_by_metric(session: Session) -> None:
    workspace = session.workspace
    assert workspace.default_layer == "own"
    bands = np.asarray(workspace.embedding("bands"), dtype=np.float64)
    shapes = bands / np.linalg.norm(bands, axis=1, keepdims=True)
    own = workspace.embedding("own")[:, 4:9]  # behind the bands
    deviations = (shapes - shapes.mean(axis=0)) / shapes.std(axis=0)
    np.testing.assert_allclose(own[:, :4], deviations / 2, atol=1e-4)  # about 1 long
    np.testing.assert_array_equal(own[:, 4], 0)


def _made_by_gnn(session: Session) -> None:
    workspace = session.workspace
    assert workspace.layers == ["bands", "own", "surroundings", "target", "encoder", "gnn1", "own+gnn1"]
    assert workspace.embedding("gnn1").shape == (36, 8)
    assert [path.name for path in workspace.path("embeddings").glob("gnn*")] == ["gnn1.npy"]
    rotation = pd.read_csv(workspace.path("evaluation", "rotation.csv"))
    assert "graph" in rotation["level"].tolist()


def _made_by_matcher(session: Session) -> None:
    similarity = session.workspace.similarity
    assert similarity.indices.shape == (12, 5)
    largest = np.stack(
        [session.workspace.embedding()[rows].max(axis=0) for rows in _rows_of_chips(session.workspace)]
    )
    expected = 1 / (1 + np.linalg.norm(largest[0] - largest[similarity.indices[0, 0]]))
    assert similarity.similarities[0, 0] == pytest.approx(expected, rel=1e-5)


def _rows_of_chips(workspace: Workspace) -> list[np.ndarray]:
    return list(workspace.segments.groupby("chip_id").indices.values())


def _made_by_projector(session: Session) -> None:
    points = session.workspace.segments[["x", "y"]].to_numpy()
    np.testing.assert_allclose(points, session.workspace.embedding("own")[:, :2], rtol=1e-6)
    maps = pd.read_csv(session.workspace.path("evaluation", "maps.csv"))
    assert maps["projector"].unique().tolist() == ["first_two"]


def _made_by_executor(session: Session) -> None:
    assert len(session.found["phases"]) > 6


def _made_by_exporter(session: Session) -> None:
    human, propagated = ["water,human"] * 3, ["sand,propagated"] * 2
    for name, ids, labels in (
        ("all", [1, 2, 3, 4, 5], human + propagated),
        ("human", [1, 2, 3], human),
        ("chosen", [1, 3, 4], human[:2] + propagated[:1]),
    ):
        lines = [f"{number},{label}" for number, label in zip(ids, labels, strict=True)]
        assert (session.folder / name / "label_list.csv").read_text().splitlines()[1:] == lines


MADE: dict[str, Callable[[Session], None]] = {
    "reader": _made_by_reader,
    "target": _made_by_target,
    "encoder": _made_by_encoder,
    "segmenter": _made_by_segmenter,
    "graph": _made_by_graph,
    "metric": _made_by_metric,
    "gnn": _made_by_gnn,
    "matcher": _made_by_matcher,
    "projector": _made_by_projector,
    "executor": _made_by_executor,
    "exporter": _made_by_exporter,
}


def test_contract_is_of_all_kinds_and_nothing_is_installed_here() -> None:
    assert tuple(FOREIGN) == tuple(MADE) == KINDS == tuple(protocols.BASES)
    assert not any(name in registry(kind) for kind, name in FOREIGN.items())


@pytest.mark.parametrize("kind", KINDS)
def test_foreign_component_is_listed_built_run_labelled_and_exported(kind: str, session: Session) -> None:
    name, component = FOREIGN[kind], session.found["components"][kind]
    assert f"  {name:<20} " in session.listed
    config = yaml.safe_load((PACKAGES[0] / "rsgraph_example" / "conf" / kind / f"{name}.yaml").read_text())
    assert config == {"name": name, **component["options"]}
    assert component["built"].lower() == name.replace("_", "")
    assert component["optional"] == []  # it leaves everything to the defaults
    if kind != "exporter":
        assert session.workspace.config[kind] == config
    MADE[kind](session)
    features = json.loads((session.folder / "geojson" / "segments_polygons.geojson").read_text())["features"]
    assert [each["properties"]["label"] for each in features[:6]] == ["water"] * 3 + ["sand"] * 2 + [None]


def test_components_of_older_packages_are_refused_in_one_sentence(session: Session) -> None:
    assert session.found["rc"] == [2, 2]
    said = " ".join(session.said.split())
    assert "matcher 'bare' (older:Bare) must be a subclass of rsgraph.protocols.Matcher" in said
    assert "exporter 'old' (older:Old) has the old signature: instead of the workspace, `export` now takes" in said
    assert "Traceback" not in said


def test_hexagons_are_a_segmenter_of_a_run(session: Session) -> None:
    workspace = Workspace(session.folder / "hexagons")
    assert workspace.config["segmenter"] == {"name": "hexagons", "n_segments": 40}
    assert 7000 / 25.6 < len(workspace.segments) < 2.5 * 7000 / 25.6  # a fortieth of 32 x 32 pixels, cut at borders
    assert "  hexagons             Hexagonal cells that ignore the image" in session.listed


def test_hexagons_check_their_options_as_ours_do(session: Session) -> None:
    assert session.found["errors"] == [
        "`n_segments` must be a whole number of at least 1. Got 0 instead.",
        "segmenter 'hexagons' has no parameter 'segments'; choose one of: n_segments",
    ]


@pytest.mark.slow
def test_packages_are_installed_by_pip(tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=False, symlinks=True)
    interpreter = tmp_path / "bin" / "python"
    packages = Path(_call(interpreter, "import site; print(site.getsitepackages()[0])").strip())
    # addsitedir, unlike a plain path, also follows the .pth files there: those of editable installs
    lines = [f"import site; site.addsitedir({place!r})" for place in site.getsitepackages()]
    (packages / "below.pth").write_text("\n".join([*lines, str(ROOT)]) + "\n")
    install = [interpreter, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    outside = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run(
        [*install, *PACKAGES], check=True, capture_output=True, env={**os.environ, **outside}, cwd=tmp_path
    )
    find = "from rsgraph.config import plugin_search_path as found; print(found())"
    assert _call(interpreter, find) == "['pkg://rsgraph_example.conf', 'pkg://rsgraph_hexagons.conf']\n"
    configs = sorted(path.stem for path in packages.glob("rsgraph_example/conf/*/*.yaml"))
    assert configs == sorted(FOREIGN.values())


def _call(interpreter: Path, code: str) -> str:
    return subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout
