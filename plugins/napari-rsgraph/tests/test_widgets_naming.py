"""Names and amounts as a person reads them."""

from __future__ import annotations

import math

import pytest

from napari_rsgraph.widgets.naming import amount, column_title, layer_title, percent, projector_title, stage_title

CONFIG = {"encoder": {"name": "unet"}, "target": {"name": "kmeans"}}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("gnn2", "Trained, 2 steps around"),
        ("encoder", "U-Net"),
        ("target", "k-means memberships"),
        ("bands", "Bands"),
        ("own", "Own"),
        ("surroundings", "Surroundings"),
        ("own+gnn1", "Own + Trained, 1 step around"),
    ],
)
def test_layers_have_titles(layer: str, expected: str) -> None:
    assert layer_title(layer, CONFIG) == expected


def test_projectors_that_are_not_known_keep_their_name() -> None:
    assert [projector_title(name) for name in ("tsne", "mine")] == ["t-SNE", "mine"]


def test_columns_are_named_for_reading() -> None:
    names = ("area_px", "uncertainty", "mean_slope")
    assert [column_title(name) for name in names] == ["Area in pixels", "Uncertainty", "Mean slope"]


def test_areas_are_in_hectares_or_pixels() -> None:
    assert [amount(value, 7) for value in (0.4, 41.23, 12345.6)] == ["0.40 ha", "41.2 ha", "12,346 ha"]
    assert amount(math.nan, 4123) == "4,123 px"


def test_shares_are_never_rounded_to_nothing_or_all() -> None:
    shown = [percent(share).replace("\u00a0", " ") for share in (0, 0.001, 0.5, 0.999, 1)]
    assert shown == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]


def test_every_stage_of_a_run_has_words_that_are_no_name_of_code() -> None:
    from rsgraph.stages.plan import STAGES

    titles = [stage_title(stage.name) for stage in STAGES]
    assert len(set(titles)) == len(STAGES)
    assert not [title for title in titles if "_" in title]
    assert stage_title("gnn") == "the network of neighbours"
