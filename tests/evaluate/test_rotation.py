"""Rotation invariance of a finished workspace: the levels, their values, and chips that rotation does not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rsgraph.errors import NotThere, NotUsable
from rsgraph.evaluate import rotation as module
from rsgraph.evaluate.rotation import drawn_chips, rotated_similarities, rotation
from rsgraph.graphs.nearest import nearest_edges
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened
from rsgraph.training.inference import embed
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed


def test_rotation_has_a_row_per_level_and_only_whole_chips(finished: Workspace) -> None:
    calls: list[tuple[int, int]] = []
    table = rotation(finished.folder, progress=lambda done, total: calls.append((done, total)))
    assert table.columns.tolist() == ["level", "own", "others", "rank1", "margin", "chips"]
    assert table["level"].tolist() == ["pixels", "encoder", "bands segments", "encoder segments", "graph"]
    assert (table["chips"] == 6).all()  # of 12 chips of a scene of 160 x 200, 2 x 3 are whole squares of 64
    assert calls == [(n, 11) for n in range(1, 12)]
    assert table["rank1"].between(0, 1).all()
    by_level = table.set_index("level")
    assert by_level.loc["graph", "own"] > 0.95, "matching disregards where segments lie"
    assert by_level.loc["encoder segments", "margin"] > by_level.loc["pixels", "margin"]


def test_pixels_are_compared_at_the_same_place(finished: Workspace) -> None:
    found = rotated_similarities(finished.folder, chips=3, seed=1)["pixels"]
    pipeline = module._pipeline(Reopened(finished.folder))
    mean, std = (np.array(finished.survey[name])[:, None, None] for name in ("mean", "std"))
    chips = [(pipeline.opened.read_square(chip).values - mean) / std for chip in drawn_chips(pipeline.opened, 3, 1)]

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))

    expected = [[cosine(chip, np.rot90(chip, turns, (1, 2))) for turns in (1, 2, 3)] for chip in chips]
    np.testing.assert_allclose(found.own, expected, atol=1e-4)
    assert found.others[0, 2] == pytest.approx(cosine(chips[0], chips[2]), abs=1e-4)


def test_the_upright_chip_is_what_the_workspace_holds(configure: Configure) -> None:
    made = run(configure("segmenter.seams=chip"))
    pipeline = module._pipeline(Reopened(made.folder))
    chip = drawn_chips(pipeline.opened, 6, 0)[2]
    looks = pipeline.look(pipeline.read(chip))
    rows = (made.segments["chip_id"] == chip.chip_id).to_numpy()
    for level, layer in (("bands segments", "bands"), ("encoder segments", "encoder")):
        np.testing.assert_allclose(looks[level], made.embedding(layer)[rows], atol=1e-4)
    gnn = pipeline.gnn
    assert gnn is not None
    edges = nearest_edges(made.segments.loc[rows, ["row", "column"]].to_numpy(dtype=np.float32), 4)
    by_itself = embed(gnn, made.embedding("encoder")[rows], edges)[1]  # gnn2, without what lies around the chip
    np.testing.assert_allclose(looks["graph"], by_itself, atol=1e-4)


def test_chips_that_look_the_same_from_all_sides_are_their_own_rotations(
    finished: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated = module._rotated
    pipeline = module._pipeline

    def even(workspace: Reopened) -> module._Pipeline:
        """Every chip is one colour, its own mean; one node per chip."""
        made = pipeline(workspace)
        return replace(made, levels=("pixels",), gnn=None)

    def flat(raster: module.Raster, turns: int) -> module.Raster:
        mean = raster.values.mean((1, 2), keepdims=True)
        return rotated(replace(raster, values=np.broadcast_to(mean, raster.values.shape)), turns)

    monkeypatch.setattr(module, "_pipeline", even)
    monkeypatch.setattr(module, "_rotated", flat)
    (row,) = rotation(finished.folder).itertuples()
    assert row.own == pytest.approx(1, abs=1e-6)
    assert row.others < 0.99


def test_the_autoencoders_vector_is_a_level(configure: Configure) -> None:
    workspace = run(configure("experiment=patel2023", "projector=pca"))
    table = rotation(workspace.folder, chips=4)
    assert table["level"].tolist() == ["pixels", "encoder", "latent", "bands segments", "encoder segments"]
    assert (table["chips"] == 4).all()
    np.testing.assert_array_equal(
        rotated_similarities(workspace.folder, chips=4)["latent"].own,
        rotated_similarities(workspace.folder, chips=4)["latent"].own,
    )


def test_chips_are_drawn_by_the_seed(finished: Workspace) -> None:
    opened = module._pipeline(Reopened(finished.folder)).opened
    draws = [[chip.chip_id for chip in drawn_chips(opened, 3, seed)] for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len({tuple(draw) for draw in draws}) > 1
    assert all(draw == sorted(draw) and len(set(draw)) == 3 for draw in draws)


def test_fewer_than_two_whole_chips_are_refused(configure: Configure) -> None:
    workspace = run(composed(*TINY, f"workspace={configure()['workspace']}", "reader.rows=96", "reader.columns=96"))
    with pytest.raises(NotUsable, match="at least two whole chips; 1 of 4 chips are whole squares of 64 pixels"):
        rotation(workspace.folder)


def test_an_unfinished_workspace_is_refused(tmp_path: object) -> None:
    with pytest.raises(NotThere, match="is not an rsgraph workspace"):
        rotation(str(tmp_path))
