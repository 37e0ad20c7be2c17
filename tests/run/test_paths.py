"""Folders of the cache and of sweeps, and names of sweep points."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.run.paths import cache_folder, point_name, sweep_folder


def test_cache_folder_stands_beside_the_workspaces_unless_named() -> None:
    assert cache_folder(None, Path("work")) == Path("work/.rsgraph-cache")
    assert cache_folder("/scratch/c", Path("work")) == Path("/scratch/c")
    assert cache_folder("~/c", Path("work")) == Path.home() / "c"


def test_sweep_folder_is_named_by_the_path_unless_named() -> None:
    assert sweep_folder(None, "data/may.tif") == Path("workspaces/may-sweep")
    assert sweep_folder(None, ["a.tif", "b.tif"]) == Path("workspaces/a-and-1-more-sweep")
    assert sweep_folder("out", "data/may.tif") == Path("out")


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
