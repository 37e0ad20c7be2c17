"""Options, typed: read from a config, written back, and what is refused."""

from __future__ import annotations

import pytest

from rsgraph.errors import ConfigError, UnknownComponent
from rsgraph.options import Choice, read_options
from rsgraph.segmenters.slic import Slic
from tests.small_runs import composed


def test_options_of_the_defaults_are_the_config() -> None:
    config = composed("data.path=[a.tif,b.tif]", "model.from=w", "display=[B12,B8A,B04]")
    options = read_options(config)
    assert options.to_config() == config
    assert (options.chips.size, options.training.encoder.patience, options.model.from_) == (256, 15, "w")


def test_choice_builds_what_it_names_and_is_known_by_its_content() -> None:
    choice = read_options(composed("segmenter.n_segments=60")).segmenter
    built = choice.build()
    assert isinstance(built, Slic)
    assert built.n_segments == 60
    assert choice == Choice("segmenter", "slic", dict(choice.parameters))
    assert hash(choice) == hash(Choice("segmenter", "slic", dict(reversed(list(choice.parameters.items())))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": -1}, "seed must be at least 0. Got -1"),
        ({"seed": "a"}, "^seed must be a whole number. Got 'a'"),
        (
            {"chips": {"size": 256, "edges": "cut", "test_every": 4}},
            "chips.edges must be one of: pad, drop. Got 'cut'",
        ),
        ({"chips": {"sise": 256}}, "unknown option 'chips.sise'; choose one of: size, edges, test_every"),
        ({"training": None}, "the section 'training' must be a mapping of options. Got None"),
        ({"gnn": {"hidden": 3}}, "the section 'gnn' must name a component; choose one of: "),
    ],
)
def test_options_that_do_not_fit_are_refused_in_a_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence.replace("[", r"\[")):
        read_options({**composed(), **change})


def test_an_unknown_component_lists_the_choices() -> None:
    with pytest.raises(UnknownComponent, match="unknown gnn 'gca'; choose one of: gat, gcn"):
        read_options({**composed(), "gnn": {"name": "gca"}}).gnn.build()


def test_an_absent_option_is_built_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slic, "as_before", {"sigma": 0.5})
    assert Choice("segmenter", "slic", {}).build().sigma == 0.5
    assert Choice("segmenter", "slic", {"sigma": 0.25}).build().sigma == 0.25


@pytest.mark.parametrize("margin", [-1, 513])
def test_a_margin_is_not_negative_and_not_endless(margin: int) -> None:
    with pytest.raises(ConfigError, match=rf"chips\.margin must be between 0 and 512 pixels\. Got {margin}"):
        read_options(composed(f"chips.margin={margin}"))


@pytest.mark.parametrize("width", ["0", "-1", "0.001", "nan"])
def test_a_window_of_surroundings_is_a_pixel_wide_at_least(width: str) -> None:
    with pytest.raises(ConfigError, match=r"embedding\.surroundings must be a width of at least 1 pixel\. Got"):
        read_options(composed(f"embedding.surroundings={width}"))


@pytest.mark.parametrize("maps", ["[1]", "[own,null]"])
def test_maps_are_named(maps: str) -> None:
    with pytest.raises(ConfigError, match=r"embedding\.maps must be a list of names of layers"):
        read_options(composed(f"embedding.maps={maps}"))


@pytest.mark.parametrize(("budget", "got"), [(0, "0"), ("half", "'half'"), (None, "None"), (1.5, "1.5")])
def test_a_budget_is_a_number_of_passes_or_full(budget: object, got: str) -> None:
    config = composed()
    with pytest.raises(ConfigError, match=f"training.budget must be .*Got {got}"):
        read_options({**config, "training": {**config["training"], "budget": budget}})
    assert read_options(composed("training.budget=full")).training.budget == "full"
    assert read_options(composed("experiment=paper")).training.budget == "full"
