"""Maps of chips without a matrix, tables copied with their points, and what a projector learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.spatial.distance import cdist

import rsgraph
from rsgraph.components import build
from rsgraph.errors import NotThere
from rsgraph.files import read_arrays
from rsgraph.neighbours import rows
from rsgraph.options import Choice
from rsgraph.projectors.umap import Umap
from rsgraph.run.runner import run
from rsgraph.stages import project
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.map_model import read_model, write_model
from rsgraph.stages.project import _learnt, lay_out_chips, write_located
from rsgraph.types import Similarity
from rsgraph.view.other_maps import find_map, project_chips, project_segments
from rsgraph.workspace import Workspace, write_arrays
from tests.small_runs import Configure, composed, planned


def similarity(chips: int, k: int, *, matrix: bool) -> Similarity:
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(3, 6), chips // 3 + 1, axis=0)[:chips] + rng.normal(scale=0.05, size=(chips, 6))
    values = (1 - cdist(vectors, vectors, "cosine")).astype(np.float32)
    near = np.argsort(-values + 9 * np.eye(chips), axis=1)[:, :k]
    listed = np.take_along_axis(values, near, axis=1)
    return Similarity(near, listed, np.zeros_like(listed), values if matrix else None, 0)


@pytest.mark.parametrize("name", ["umap", "tsne", "pca", "parametric"])
def test_chips_are_laid_out_without_a_matrix(name: str) -> None:
    found = lay_out_chips(build("projector", name=name), similarity(36, 14, matrix=False), seed=0)
    distances = cdist(found.points, found.points) + 1e9 * np.eye(36)
    np.testing.assert_array_equal(distances.argmin(axis=1) // 13, np.arange(36) // 13)
    assert found.method == ("umap" if name == "parametric" else name)


def test_all_neighbours_of_few_chips_give_the_map_of_the_matrix() -> None:
    umap = build("projector", name="umap")
    listed = lay_out_chips(umap, similarity(4, 3, matrix=False), seed=0)
    whole = lay_out_chips(umap, similarity(4, 3, matrix=True), seed=0)
    assert (listed.method, whole.method) == ("pca", "pca")
    np.testing.assert_allclose(listed.points, whole.points, atol=1e-5)


@pytest.mark.parametrize("chips", [0, 1, 2])
def test_hardly_any_chips_have_a_map(chips: int) -> None:
    found = lay_out_chips(build("projector", name="umap"), similarity(chips, max(chips - 1, 0), matrix=False), seed=0)
    assert found.points.shape == (chips, 2)
    assert np.isfinite(found.points).all()


def test_a_large_matrix_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pca, both = build("projector", name="pca"), similarity(30, 4, matrix=True)
    monkeypatch.setattr(project, "MATRIX_UP_TO", 20)
    expected = lay_out_chips(pca, replace(both, matrix=None), seed=0).points
    np.testing.assert_array_equal(lay_out_chips(pca, both, seed=0).points, expected)


def test_write_located_replaces_x_and_y_and_keeps_the_rest(tmp_path: Path) -> None:
    n = 70_000  # more than one batch
    table = pd.DataFrame({"segment_id": np.arange(n, dtype=np.int64), "x": 1.0, "name": "a", "y": 2.0})
    table.to_parquet(tmp_path / "from.parquet", index=False)
    points = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    write_located(tmp_path / "to.parquet", tmp_path / "from.parquet", points)
    expected = table[["segment_id", "name"]].assign(x=points[:, 0], y=points[:, 1])
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "to.parquet"), expected)
    write_located(tmp_path / "ids.parquet", tmp_path / "from.parquet", points, columns=["segment_id"])
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "ids.parquet"), expected[["segment_id", "x", "y"]])


def placing(trainer: str, *more: str, projector: str = "parametric") -> Context:
    """A context that says nothing but where to compute."""
    plan = planned(composed(f"projector={projector}", f"trainer.accelerator={trainer}", *more))
    nowhere = Path("nowhere")
    return Context(plan, Opened([], [], 64), Workspace(nowhere), nowhere, nowhere, lambda *_: None, lambda *_: None)


@pytest.mark.parametrize(
    ("accelerator", "trainer", "device"),
    [("auto", "auto", "gpu"), ("auto", "cpu", "cpu"), ("cpu", "auto", "cpu"), ("cuda", "cpu", "gpu")],
)
def test_segments_are_placed_where_the_one_gpu_is(
    accelerator: str, trainer: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    context = placing(trainer, f"projector.accelerator={accelerator}")
    projector = context.options.projector.build().with_accelerator(trainer)
    assert project._blocks(context, projector) is (context.on_device if device == "gpu" else context.blocks)


def test_a_projector_without_a_network_is_placed_in_all_workers() -> None:
    context = placing("auto", projector="umap")
    assert project._blocks(context, Umap().with_accelerator("auto")) is context.blocks


def test_a_damaged_model_of_an_interrupted_run_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "projector.safetensors").write_bytes(b"nonsense")
    assert project._left_model(tmp_path) is None
    write_model(tmp_path, {"points": np.zeros((3, 2), np.float32)}, {"name": "umap"})
    assert project._left_model(tmp_path) is not None


def described(folder: Path, **config: Any) -> rsgraph.Workspace:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return rsgraph.Workspace(folder)


def test_other_vectors_are_placed_on_the_map_of_a_workspace(tmp_path: Path) -> None:
    options: dict[str, Any] = {"n_neighbors": 5, "n_epochs": 5, "sample": 30}
    workspace = described(tmp_path, projector={"name": "umap", **options}, seed=4)
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    with pytest.raises(NotThere, match=r"projector\.sample"):
        workspace.place(vectors)
    umap = Umap(**options)
    model = umap.fit(vectors, seed=4)
    write_model(tmp_path / "models", model, {"name": "umap"})
    np.testing.assert_array_equal(workspace.place(vectors[:7]), umap.transform(vectors[:7], model, seed=4))


@pytest.fixture
def remapped(finished: Workspace, configure: Configure) -> Configure:
    """Configures a run that finds all stages but the last in the cache of a finished one."""
    return lambda *overrides: configure(f"cache.path={finished.folder.parent / '.rsgraph-cache'}", *overrides)


@pytest.mark.parametrize(("layer", "metric"), [("own", "euclidean"), ("gnn2", "cosine")])
def test_a_run_keeps_the_network_which_maps_its_segments_again(
    remapped: Configure, layer: str, metric: Literal["euclidean", "cosine"]
) -> None:
    options = ("projector=parametric", "projector.steps=5", "projector.hidden=8", "projector.sample=100")
    shown = (f"embedding.layer={layer}", f"embedding.maps=[{layer}]")
    workspace = run(remapped(*options, *shown, "projector.accelerator=cpu"))
    model = read_model(workspace.path("models"))
    assert model is not None
    assert "models/projector.safetensors" in workspace.manifest["stages"]["project"]["outputs"]
    table = workspace.segments
    again = build("projector", name="parametric", metric=metric).transform(workspace.embedding(), model)
    np.testing.assert_array_equal(table[["x", "y"]].to_numpy(np.float32), again)
    kept = pd.read_parquet(workspace.path("projections", f"{layer}-parametric.parquet"))
    pd.testing.assert_frame_equal(kept, table[["segment_id", "x", "y"]])


def test_a_stopped_run_places_only_the_blocks_it_lacks(remapped: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "CHUNK", 50)
    monkeypatch.setattr(project, "PLACED", 50)
    config = remapped("projector=umap", "projector.n_neighbors=5", "projector.sample=100", "projector.n_epochs=20")
    placed: list[int] = []
    fitted: list[int] = []
    place, fit = Umap.transform, Umap.fit

    def fitting(self: Umap, vectors: Any, **options: Any) -> Any:
        fitted.append(vectors.shape[1])
        return fit(self, vectors, **options)

    def stopping(self: Umap, *given: Any, first: int, **options: Any) -> Any:
        placed.append(first)
        if first == 150 and placed.count(150) == 1:
            raise KeyboardInterrupt
        return place(self, *given, first=first, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Umap, "transform", stopping)
        patched.setattr(Umap, "fit", fitting)
        with pytest.raises(KeyboardInterrupt):
            run(config)
        finished = run(config)
    assert placed.count(0) == 3, "own, surroundings and own+gnn1"
    assert placed.count(150) == 4, "again where it was stopped"
    assert len(fitted) == 3
    umap = Umap(n_neighbors=5, sample=100, n_epochs=20, metric="euclidean")
    for drawn in finished.maps:
        found = pd.read_parquet(finished.path(drawn["path"]))[["x", "y"]].to_numpy(np.float32)
        uninterrupted = umap.project(finished.embedding(drawn["layer"]), seed=config["seed"])
        np.testing.assert_array_equal(found, uninterrupted.points)


def test_maps_are_made_anew_where_there_is_no_matrix(remapped: Configure) -> None:
    workspace = run(remapped())
    stored = read_arrays(workspace.path("similarity.npz"))
    stored.pop("matrix", None)
    write_arrays(workspace.path("similarity.npz"), stored)
    layer = workspace.default_layer
    points = project_chips(workspace.folder, layer, "umap")
    np.testing.assert_array_equal(find_map(workspace, "chips", layer, "umap"), points)
    assert project_segments(workspace.folder, layer, "umap", np.arange(0, 40, 2)).shape == (20, 2)


def test_what_is_learnt_from_a_sample_is_a_smaller_share_of_a_larger_scene() -> None:
    chosen = Choice("projector", "umap", {"sample": 50_000})
    umap = chosen.build()
    shares = [_learnt(chosen, count, [umap]) for count in (40_000, 62_500, 905_000)]
    assert shares == pytest.approx([0.9, 0.802, 0.333], abs=0.001)
    assert _learnt(Choice("projector", "umap", {"sample": None}), 905_000, [umap]) == 0.9
