"""A tiny coastal scene and a tiny network: a whole run takes a few seconds."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from rsgraph.config import config_folder
from rsgraph.options import read_options
from rsgraph.run.runner import run
from rsgraph.stages.plan import Plan, plan_of
from rsgraph.workspace import Workspace
from tests.once import made_once

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

Configure = Callable[..., dict[str, Any]]


def composed(*overrides: str, verb: str = "run") -> dict[str, Any]:
    """Return the resolved config that the command line would make, without Hydra's own section."""
    places = [override for override in overrides if PLACE.fullmatch(override)]
    others = [override for override in overrides if override not in places]
    config = deepcopy(composed_once(verb, *others))
    for place in places:
        OmegaConf.update(config, *place.split("=", 1))
    resolved = OmegaConf.to_container(config, resolve=True)
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


PLACE = re.compile(r"(workspace|cache\.path)=[\w.-]*(/[\w.-]+)+")
"""Options that differ in every test; their values, with a slash in them, Hydra takes as they are."""


@cache
def composed_once(verb: str, *overrides: str) -> DictConfig:
    """Return what Hydra composes of overrides, in a tenth of a second: many tests ask for the same."""
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose(verb, list(overrides))


def planned(config: dict[str, Any]) -> Plan:
    """Return the plan of a run over some scene."""
    return plan_of(read_options(config), "scene", None, None)


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    def make(*overrides: str, workspace: str = "w") -> dict[str, Any]:
        return composed(*TINY, f"workspace={tmp_path / workspace}", *overrides)

    return make


def _make(folder: Path) -> None:
    """Fill the folders ``finished`` and ``undrawn``."""
    run(composed(*TINY, "draw=true", f"workspace={folder / 'finished' / 'w'}"))
    copied(folder / "finished" / ".rsgraph-cache", folder / "undrawn" / ".rsgraph-cache")
    run(composed(*TINY, f"workspace={folder / 'undrawn' / 'w'}"))


@pytest.fixture(scope="session")
def small_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of ``finished`` and ``undrawn``."""
    return made_once(tmp_path_factory, "small_runs", _make)


@pytest.fixture(scope="session")
def finished(small_runs: Path) -> Workspace:
    """A finished workspace. Tests must not change it."""
    return Workspace(small_runs / "finished" / "w")


@pytest.fixture(scope="session")
def undrawn(small_runs: Path) -> Path:
    """A folder with what ``run(configure())`` leaves: the workspace w and the cache. Tests must not change it."""
    return small_runs / "undrawn"


@pytest.fixture
def made(undrawn: Path, tmp_path: Path) -> Workspace:
    """What ``run(configure())`` makes, without the wait."""
    copied(undrawn, tmp_path)
    return Workspace(tmp_path / "w")


def copied(origin: Path, folder: Path) -> None:
    """Copy a folder; a file that has two names, in a workspace and in the cache, has two again."""
    names: dict[int, Path] = {}
    folder.mkdir(exist_ok=True, parents=True)
    for path in sorted(origin.rglob("*")):
        place = folder / path.relative_to(origin)
        first = names.setdefault(path.stat().st_ino, place)
        if path.is_dir():
            place.mkdir()
        elif first == place:
            shutil.copy2(path, place)
        else:
            os.link(first, place)
