"""The facts of a model beside its weights; models that are taken over from another workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rsgraph.errors import NotThere
from rsgraph.files import read_json
from rsgraph.stages.context import Context
from rsgraph.stages.models import describe, learning_facts, take_over
from rsgraph.stages.plan import GivenModel
from rsgraph.training.fitting import History
from tests.stages.squares import context


def applied(folder: Path, origin: Path) -> Context:
    """What a stage is given where a model is applied whose files are in ``origin``."""
    made = context(folder)
    model = GivenModel("/models/coast", "identity", ("B04", "B08"))
    return replace(made, plan=replace(made.plan, model=model), model=origin)


def test_describe_writes_bands_and_facts(tmp_path: Path) -> None:
    describe(context(tmp_path), "encoder", classes=8)
    assert read_json(tmp_path / "models" / "encoder.json") == {"bands": ["B04", "B08"], "classes": 8}


def test_take_over_copies_the_files_that_are_there(tmp_path: Path) -> None:
    origin = tmp_path / "other"
    (origin / "models").mkdir(parents=True)
    (origin / "models" / "gnn.safetensors").write_bytes(b"weights")
    given = applied(tmp_path / "w", origin)
    take_over(given, "models/gnn.safetensors", "models/gnn.json")
    assert (tmp_path / "w" / "models" / "gnn.safetensors").read_bytes() == b"weights"
    assert not (tmp_path / "w" / "models" / "gnn.json").exists()


def test_take_over_says_which_workspace_lost_its_model(tmp_path: Path) -> None:
    given = applied(tmp_path / "w", tmp_path)
    with pytest.raises(NotThere, match=r"holds no targets\.npz any more: name another model, or train anew"):
        take_over(given, "targets.npz")


def test_learning_facts_are_those_of_the_history() -> None:
    assert learning_facts(None) == {"trained": False}
    history = History(epochs=[{"loss": 2.0}, {"loss": 1.0}], best_epoch=1, resumed_at=1, notes=("so",))
    assert learning_facts(history) == {"epochs": 2, "best_epoch": 1, "resumed_at": 1, "happened": ["so"]}
