"""Folders of the cache and of sweeps, and names of sweep points."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.run.paths import Point, cache_folder, fixed_part, point_name, sweep_place, varying


def test_cache_folder_stands_beside_the_workspaces_unless_named() -> None:
    assert cache_folder(None, Path("work")) == Path("work/.rsgraph-cache")
    assert cache_folder("/scratch/c", Path("work")) == Path("/scratch/c")
    assert cache_folder("~/c", Path("work")) == Path.home() / "c"


def test_sweep_is_named_by_the_path_unless_named() -> None:
    assert sweep_place(None, None, "data/may.tif").folder == Path("workspaces/may-sweep")
    assert sweep_place(None, None, ["a.tif", "b.tif"]).folder == Path("workspaces/a-and-1-more-sweep")
    place = sweep_place(None, "out", "data/may.tif")
    assert (place.beside, place.shown, place.named) == (Path(), "out/<point>", ())
    assert place.point("out", ["graph.k=4"], []) == Point(Path("out/graph.k=4"), Path())


@pytest.mark.parametrize(
    ("written", "asked", "overrides", "folder", "beside"),
    [
        ("out/${graph.k}", "out/4", ["graph.k=4"], "out/4", "out"),
        ("out/k=${graph.k}", "out/k=4", ["graph.k=4", "seed=1"], "out/k=4/seed=1", "out"),
        ("${graph.k}", "4", ["graph.k=4"], "4", "."),
        ("/data/${gnn.name}/${graph.k}", "/data/gat/4", ["gnn=gat", "graph.k=4"], "/data/gat/4", "/data"),
        ("out/${encoder.width}", "out/16", ["encoder=unet"], "out/16/encoder=unet", "out"),
        ("out/${segmenter.name}", "out/slic", ["graph.k=4"], "out/slic/graph.k=4", "out"),
        ("out/${hydra:job.num}", "out/1", ["graph.k=4"], "out/1", "out"),
        ("out/${seed}", "out/0", [], "out/0", "out"),
    ],
)
def test_points_go_to_the_workspaces_that_interpolate_what_is_swept(
    written: str, asked: str, overrides: list[str], folder: str, beside: str
) -> None:
    place = sweep_place(written, None, None)
    assert place.shown == written
    assert place.point(asked, overrides, []) == Point(Path(folder), Path(beside))


@pytest.mark.parametrize(
    ("text", "names", "fixed"),
    [
        ("out", [], "out"),
        ("${oc.env:HOME}/${now:%Y}/x", [], "${oc.env:HOME}/${now:%Y}/x"),
        ("${oc.env:HOME}/${graph.k}", ["graph.k"], "${oc.env:HOME}/"),
        (r"a/\${graph.k}", [], r"a/\${graph.k}"),
        ("a/${encoder.${seed}}", ["encoder.${seed}", "seed"], "a/"),
    ],
)
def test_varying_is_what_may_differ_from_point_to_point(text: str, names: list[str], fixed: str) -> None:
    assert (varying(text), fixed_part(text)) == (names, fixed)


@pytest.mark.parametrize(
    ("overrides", "shared", "name"),
    [
        (["graph.k=4", "seed=1"], ["seed"], "graph.k=4"),
        (["+a=1", "~b"], [], "a=1,b"),
        (["seed=1"], ["seed"], "default"),
        (["data.path='a b.tif'"], [], "data.path=_a_b.tif_"),
    ],
)
def test_point_name_is_what_not_all_points_share(overrides: list[str], shared: list[str], name: str) -> None:
    assert point_name(overrides, shared) == name


def test_point_name_of_many_overrides_is_cut_and_stays_unique() -> None:
    one, other = (point_name([f"a.very.long.option.number{n}={v}" for n in range(9)], []) for v in (1, 2))
    assert len(one) == 133
    assert one[:120] == "a.very.long.option.number0=1,a.very.long.option.number1=1," + one[58:120]
    assert one[-12:] != other[-12:]
