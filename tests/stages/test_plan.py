"""The plan: stages in an order that works, layers and what chips are compared by."""

from __future__ import annotations

from importlib import import_module

import pytest

from rsgraph.errors import ConfigError
from rsgraph.options import RUN_KINDS
from rsgraph.stages.plan import STAGES, maps_entry, needed, stages_of, value_of
from tests.small_runs import composed, planned

BEFORE = ("embedding.own=false", "metric=none")
"""Options of a workspace that is older than the closed-form layers."""


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        BEFORE,
        ("experiment=paper",),
        ("experiment=untrained",),
        ("embedding.layer=own+gnn1",),
        ("embedding.layer=bands",),
        ("embedding.maps=[surroundings,gnn2,bands]",),
        ("embedding.layer=encoder", "embedding.chips=latent", "encoder=autoencoder"),
    ],
)
def test_every_stage_follows_what_it_needs_and_has_its_function(overrides: tuple[str, ...]) -> None:
    stages = stages_of(planned(composed(*overrides)))
    names = [stage.name for stage in stages]
    for place, stage in enumerate(stages):
        assert set(stage.needs) <= set(names[:place])
        assert callable(getattr(import_module(f"rsgraph.stages.{stage.name}"), stage.name))
    assert names[-1] == "pictures"
    assert set(needed(stages[-1], stages)) == {*names[:-1]} - (
        {"metric"} if overrides == ("experiment=paper",) else set()
    )


def test_the_demo_has_all_stages_as_the_progress_of_the_sample_says() -> None:
    assert stages_of(planned(composed("experiment=demo"))) == stages_of(planned(composed()))
    assert [stage.name for stage in stages_of(planned(composed("experiment=demo")))] == [each.name for each in STAGES]


def test_labelling_can_begin_before_anything_is_trained() -> None:
    plan = planned(composed())
    names = [stage.name for stage in stages_of(plan)]
    assert names[:7] == ["scene", "segments", "graph", "metric", "project", "match", "chip_map"]
    assert plan.maps == ("own", "surroundings", "own+gnn1")
    assert plan.also_drawn == ("surroundings",)
    assert plan.drawn_later == ("own+gnn1",)


def test_the_paper_waits_for_its_layer_and_draws_one_map() -> None:
    plan = planned(composed("experiment=paper"))
    stages = {stage.name: stage for stage in stages_of(plan)}
    assert (plan.layer, plan.maps, plan.options.metric.name) == ("gnn2", ("gnn2",), "none")
    assert stages["match"].needs == ("gnn",)
    assert "trained_maps" not in stages
    assert "join" not in stages
    assert {"own", "surroundings"} < set(plan.layers), "for comparison"


def test_a_workspace_of_before_has_the_stages_and_layers_of_before() -> None:
    plan = planned(composed(*BEFORE))
    names = {stage.name for stage in stages_of(plan)}
    assert names == {stage.name for stage in STAGES} - {"metric", "chip_map", "join", "trained_maps"}
    assert plan.layers == ("bands", "target", "encoder", "gnn1", "gnn2", "gnn3")
    assert plan.maps == ("gnn2",)


def test_chips_of_a_joint_layer_wait_for_it() -> None:
    stages = {stage.name: stage for stage in stages_of(planned(composed("embedding.layer=own+gnn2")))}
    assert stages["match"].needs == ("join",)


def test_needed_follows_the_picture() -> None:
    stages = stages_of(planned(composed()))
    of = {stage.name: needed(stage, stages) for stage in stages}
    assert of["scene"] == []
    assert of["graph"] == ["scene", "segments"]
    assert of["project"] == ["scene", "segments", "metric"]
    assert of["chip_map"] == ["scene", "segments", "metric", "project", "match"]
    assert of["encode"] == ["scene", "segments", "target", "encoder"]
    assert of["pictures"] == [stage.name for stage in stages[:-1]]


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
        ([], ("gnn1", "gnn2", "gnn3", "own+gnn1"), "own"),
        (["gnn=gat", "gnn.layers=2"], ("gnn1", "gnn2", "own+gnn1"), "own"),
        (["gnn=none"], (), "own"),
        (["embedding.layer=bands"], ("gnn1", "gnn2", "gnn3", "own+gnn1"), "bands"),
        (["embedding.maps=[own+encoder,own]"], ("gnn1", "gnn2", "gnn3", "own+encoder"), "own+encoder"),
    ],
)
def test_layers_are_those_that_the_components_make(overrides: list[str], layers: tuple[str, ...], layer: str) -> None:
    plan = planned(composed(*overrides))
    assert plan.layers == ("bands", "own", "surroundings", "target", "encoder", *layers)
    assert plan.layer == layer


@pytest.mark.parametrize(
    ("overrides", "layer"),
    [([], "gnn2"), (["gnn=gat", "gnn.layers=2"], "gnn1"), (["gnn=none"], "encoder")],
)
def test_the_default_layer_of_before(overrides: list[str], layer: str) -> None:
    assert planned(composed(*BEFORE, *overrides)).layer == layer


def test_the_manifest_lists_maps_in_the_order_in_which_they_are_offered() -> None:
    assert maps_entry(planned(composed())) == [
        {"layer": "own", "projector": "umap", "path": "segments.parquet"},
        {"layer": "surroundings", "projector": "umap", "path": "projections/surroundings-umap.parquet"},
        {"layer": "own+gnn1", "projector": "umap", "path": "projections/own+gnn1-umap.parquet"},
    ]


def test_a_layer_that_is_not_made_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"embedding\.layer 'gnn3' is not made by this run; choose one of: bands"):
        planned(composed("gnn.layers=2", "embedding.layer=gnn3"))


def test_a_map_that_is_not_made_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"embedding\.maps 'gnn9' is not made by this run; choose one of: bands, own"
    ):
        planned(composed("embedding.maps=[own,gnn9]"))
