"""The plan: stages in an order that works, layers and what chips are compared by."""

from __future__ import annotations

from importlib import import_module

import pytest

from rsgraph.errors import ConfigError
from rsgraph.options import RUN_KINDS
from rsgraph.stages.plan import STAGES, needed, value_of
from tests.small_runs import composed, planned


def test_every_stage_follows_what_it_needs_and_has_its_function() -> None:
    names = [stage.name for stage in STAGES]
    for place, stage in enumerate(STAGES):
        assert set(stage.needs) <= set(names[:place])
        assert callable(getattr(import_module(f"rsgraph.stages.{stage.name}"), stage.name))


def test_needed_follows_the_picture() -> None:
    of = {stage.name: needed(stage) for stage in STAGES}
    assert of["scene"] == []
    assert of["graph"] == ["scene", "segments"]
    assert of["encode"] == ["scene", "target", "encoder", "segments"]
    assert of["pictures"] == [stage.name for stage in STAGES[:-1]]


def test_every_kind_of_component_but_the_executor_counts_somewhere() -> None:
    counted = {kind for stage in STAGES for kind in (*stage.components, *(stage.trained or ())) if kind in RUN_KINDS}
    assert counted == set(RUN_KINDS) - {"executor"}


def test_every_option_that_a_stage_names_is_a_field_of_the_plan() -> None:
    plan = planned(composed())
    for stage in STAGES:
        for path in (*stage.options, *(each for each in stage.trained or () if each not in RUN_KINDS)):
            value_of(plan, path)
    with pytest.raises(AttributeError):
        value_of(plan, "options.no_such_option")


@pytest.mark.parametrize(
    ("overrides", "layers", "layer"),
    [
        ([], ("gnn1", "gnn2", "gnn3"), "gnn2"),
        (["gnn=gat", "gnn.layers=2"], ("gnn1", "gnn2"), "gnn1"),
        (["gnn=none"], (), "encoder"),
        (["embedding.layer=bands"], ("gnn1", "gnn2", "gnn3"), "bands"),
    ],
)
def test_layers_are_those_that_the_components_make(overrides: list[str], layers: tuple[str, ...], layer: str) -> None:
    plan = planned(composed(*overrides))
    assert plan.layers == ("bands", "target", "encoder", *layers)
    assert plan.layer == layer


def test_a_layer_that_is_not_made_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"embedding\.layer 'gnn3' is not made by this run; choose one of: bands"):
        planned(composed("gnn.layers=2", "embedding.layer=gnn3"))
