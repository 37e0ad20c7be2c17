"""Keys of stages: what they depend on, and what leaves them as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from rsgraph.files import digest
from rsgraph.gnn.gcn import Gcn
from rsgraph.run.keys import AS_BEFORE, keys
from rsgraph.segmenters.slic import Slic
from rsgraph.stages.plan import STAGES, GivenModel, Plan
from tests.small_runs import composed, planned

AFTER_SEGMENTS = set(keys(planned(composed()))) - {"scene", "target", "encoder"}
MODEL = GivenModel("/models/coast", "identity", ("B04",), metric=True)


@cache
def base() -> Plan:
    return planned(composed())


def changed(plan: Plan, before: Plan | None = None) -> set[str]:
    first, second = keys(before or base()), keys(plan)
    return {name for name in first if first[name] != second.get(name)}


def with_options(**sections: object) -> Plan:
    return replace(base(), options=replace(base().options, **sections))  # type: ignore[arg-type]


def test_key_of_the_first_stage_is_the_hash_that_its_docstring_says() -> None:
    options = base().options
    before = options.reader.component.as_before
    reader = [
        "auto",
        1,
        {name: value for name, value in options.reader.parameters.items() if value != before.get(name, "")},
    ]
    said = {"identity": "scene", "options.chips": {"size": 256, "edges": "pad", "test_every": 4}}
    said |= {"options.data.limit": None, "model.bands": None}
    content = {"stage": "scene", "count": 1, "components": {"reader": reader}, "options": said, "inputs": []}
    assert keys(base())["scene"] == digest(content)


@pytest.mark.parametrize(
    ("plan", "stages"),
    [
        (lambda: with_options(workspace="elsewhere", overwrite=True), set()),
        (lambda: with_options(trainer=replace(base().options.trainer, threads=3)), set()),
        (lambda: with_options(draw=False), {"pictures"}),
        (
            lambda: with_options(chips=replace(base().options.chips, across=False)),
            {"graph", "gnn", "join", "trained_maps", "pictures"},
        ),
        (
            lambda: with_options(chips=replace(base().options.chips, margin=8)),
            {"encoder", "encode", "gnn", "join", "trained_maps", "pictures"},
        ),
        (lambda: replace(base(), chips_by="latent"), {"match", "project", "chip_map", "pictures"}),
        (lambda: replace(base(), identity="another"), set(keys(base()))),
    ],
)
def test_keys_change_with_what_a_stage_uses(plan: Callable[[], Plan], stages: set[str]) -> None:
    assert changed(plan()) == stages


def test_where_chips_are_compared_by_a_gnn_they_depend_on_all_that_it_sees() -> None:
    before = planned(composed("embedding.layer=gnn2", "embedding.maps=[gnn2]"))
    for section, stages in (
        ({"across": False}, {"graph", "gnn"}),
        ({"margin": 8}, {"encoder", "encode", "gnn"}),
    ):
        options = replace(before.options, chips=replace(before.options.chips, **section))
        assert changed(replace(before, options=options), before) == stages | {"match", "project", "pictures"}


def test_a_raised_revision_changes_the_stages_that_use_the_component(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(base())
    monkeypatch.setattr(Slic, "revision", 2)
    after = keys(base())
    assert {name for name in before if before[name] != after[name]} == AFTER_SEGMENTS


def test_a_given_model_stands_for_what_was_trained() -> None:
    given = replace(base(), model=MODEL)
    other_training = with_options(seed=7).options
    assert changed(replace(given, options=other_training), given) == {
        "project",
        "chip_map",
        "trained_maps",
        "pictures",
    }
    assert "encoder" in changed(replace(given, model=replace(MODEL, identity="another")), given)


def test_a_metric_that_a_model_lacks_is_fitted_with_the_options() -> None:
    metric = planned(composed("metric=whitening")).options.metric
    after = {"metric", "project", "match", "chip_map", "join", "trained_maps", "pictures"}
    for model, stages in ((MODEL, set()), (replace(MODEL, metric=False), after)):
        given = replace(base(), model=model)
        assert changed(replace(given, options=with_options(metric=metric).options), given) == stages


def test_options_that_mean_as_before_leave_keys_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter, before = base().options.segmenter, keys(base())
    older = replace(segmenter, parameters={k: v for k, v in segmenter.parameters.items() if k != "sigma"})
    assert "segments" in changed(with_options(segmenter=older))
    monkeypatch.setattr(Slic, "as_before", {"sigma": 0.0})
    assert changed(with_options(segmenter=older)) == set()
    monkeypatch.setitem(AS_BEFORE, "training.encoder.noise", 0.05)
    assert {name for name, key in keys(base()).items() if key != before[name]} == AFTER_SEGMENTS | {"encoder"}


def test_an_option_of_its_own_that_means_as_before_leaves_keys_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AS_BEFORE, "draw", True)
    with_later = keys(base())["pictures"]
    assert with_later != keys(with_options(draw=False))["pictures"]
    stage = replace(STAGES[-1], options=("options.display",))
    monkeypatch.setattr("rsgraph.stages.plan.STAGES", (*STAGES[:-1], stage))
    assert keys(base())["pictures"] == with_later


def test_a_gnn_that_is_applied_counts_with_its_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    given = replace(base(), model=MODEL)
    before = keys(given)
    monkeypatch.setattr(Gcn, "revision", 2)
    after = keys(given)
    assert {name for name in before if before[name] != after[name]} == {"gnn", "join", "trained_maps", "pictures"}


def test_a_margin_of_none_leaves_keys_as_they_were_before_there_was_one(monkeypatch: pytest.MonkeyPatch) -> None:
    without = with_options(chips=replace(base().options.chips, margin=0))
    named = keys(without)
    stages = [
        replace(
            stage,
            options=tuple(each for each in stage.options if each != "options.chips.margin"),
            trained=stage.trained and tuple(each for each in stage.trained if each != "options.chips.margin"),
        )
        for stage in STAGES
    ]
    for module in ("stages.plan", "run.keys"):
        monkeypatch.setattr(f"rsgraph.{module}.STAGES", tuple(stages))
    assert keys(without) == named


def test_another_way_of_stitching_leaves_segments_that_are_cut_chip_by_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter = base().options.segmenter
    chip = with_options(segmenter=replace(segmenter, parameters={**segmenter.parameters, "seams": "chip"}))
    stitched = with_options(segmenter=replace(segmenter, parameters={**segmenter.parameters, "seams": "stitch"}))
    before = keys(chip), keys(stitched)
    monkeypatch.setattr("rsgraph.protocols._STITCHING", 99)
    assert keys(chip) == before[0]
    assert keys(stitched)["segments"] != before[1]["segments"]
