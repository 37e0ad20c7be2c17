from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS

from rsgraph.errors import ConfigError, NotThere, WorkspaceError
from rsgraph.exporters.content import check_flag, check_layer, gather
from rsgraph.ground import square_metres
from rsgraph.workspace import Workspace, write_array
from tests.exporters.workspaces import OpenedWorkspace, leaving, scene, write_labels, write_workspace


def test_gather_refuses_labels_of_other_segments(workspace: Workspace) -> None:
    write_labels(workspace.path("labels.sqlite"), [(4000, "water", "human", 1.0, "me", "t")])
    with pytest.raises(WorkspaceError, match=r"labels 1 segments that segments.parquet does not hold \(segment 4000"):
        gather(leaving(workspace))


def test_gather_gives_strongest_memberships_and_areas(workspace: OpenedWorkspace) -> None:
    content = gather(leaving(workspace))
    memberships = np.asarray(workspace.embedding("target"))
    table = content.table
    np.testing.assert_array_equal(table["strongest_membership"], memberships.argmax(axis=1) + 1)
    np.testing.assert_array_equal(table["membership"], memberships.max(axis=1))
    np.testing.assert_array_equal(table["area_m2"], table["area_px"] * 100.0)
    assert table["area_px"].sum() == workspace.opened_scenes[0].source.valid.sum()  # type: ignore[attr-defined]
    assert content.layer == "gnn2"
    assert content.vector_names == ["e00", "e01", "e02", "e03", "e04"]
    assert "label" not in table


def test_gather_puts_labels_beside_their_segments(labelled: Workspace) -> None:
    table = gather(leaving(labelled)).table
    assert table["segment_id"].tolist() == list(range(1, len(table) + 1))
    assert table.set_index("segment_id")["label"].dropna().to_dict() == {1: "water", 2: "sand", 5: "water"}


def test_gather_without_embeddings_needs_no_layer(workspace: Workspace) -> None:
    workspace.path("embeddings", "gnn2.npy").unlink()
    content = gather(leaving(workspace), embeddings=False)
    assert content.layer is None
    assert content.vectors.shape == (len(content.table), 0)


def test_gather_lists_the_layers_for_an_unknown_one(workspace: Workspace) -> None:
    with pytest.raises(NotThere, match="no layer 'gnn9'; choose one of: bands, target, encoder, gnn2"):
        gather(leaving(workspace), "gnn9")


def test_gather_of_an_empty_folder_says_how_to_make_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"no segments\.parquet.*make it with `rsgraph run PATH"):
        gather(leaving(Workspace(tmp_path)))


def test_gather_refuses_a_layer_of_another_length(workspace: Workspace) -> None:
    write_array(workspace.path("embeddings", "gnn2.npy"), np.zeros((3, 5), np.float32))
    with pytest.raises(WorkspaceError, match=r"gnn2\.npy is damaged: it has 3 rows"):
        gather(leaving(workspace))


def test_rows_of_finds_ids_in_any_order_and_refuses_others(workspace: Workspace) -> None:
    whole = gather(leaving(workspace))
    content = replace(whole, table=whole.table.sample(frac=1, random_state=0))
    ids = np.array([5, 1, 9], dtype=np.uint32)
    np.testing.assert_array_equal(content.table["segment_id"].to_numpy()[content.rows_of(ids)], ids)
    with pytest.raises(WorkspaceError, match=r"holds segment 100000, but segments\.parquet does not"):
        content.rows_of(np.array([1, 100_000]))


def test_areas_are_those_on_the_ground_in_any_crs(tmp_path: Path) -> None:
    grids = {4326: (1e-4, 0.0, 13.0, 0.0, -1e-4, 52.0), 3857: (16.0, 0.0, 1447153.0, 0.0, -16.0, 6800125.0)}
    for crs, grid in grids.items():
        here = scene(crs=CRS.from_epsg(crs).to_wkt(), transform=grid)
        made = write_workspace(tmp_path / str(crs), [here])
        content = gather(leaving(made))
        np.testing.assert_array_equal(content.table["area_m2"], square_metres(made.segments, made.scenes))
        np.testing.assert_allclose(content.pixel_areas * content.table["area_px"], content.table["area_m2"])
        assert 0 < content.pixel_areas.max() < 0.8 * abs(np.prod(grid[0:5:4])) * (1 if crs == 3857 else 111_400**2)
    assert np.isnan(gather(leaving(write_workspace(tmp_path / "no", [scene(crs=None)]))).pixel_areas).all()


@pytest.mark.parametrize("layer", ["", "../x", 3, ["gnn2"], "a/b"])
def test_check_layer_refuses_what_is_no_name(layer: object) -> None:
    with pytest.raises(ConfigError, match="`layer` must be the name of an embedding"):
        check_layer(layer)


def test_check_flag_refuses_what_is_neither_true_nor_false() -> None:
    with pytest.raises(ConfigError, match=r"`embeddings` must be true or false\. Got 'yes'"):
        check_flag("embeddings", "yes")
