"""Experiments whose components were swapped on the command line, or in the workspace that is continued."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.plugins.config_source import ConfigSource

from rsgraph.components import registry
from rsgraph.config import config_folder, typed_options
from rsgraph.errors import ConfigError
from rsgraph.options import RUN_KINDS, Options, read_options
from rsgraph.run.experiments import fitting_layers, fitting_parameters
from rsgraph.run.prepare import prepare
from rsgraph.stages.plan import Plan, plan_of
from tests.small_runs import composed

EXPERIMENTS = sorted(path.stem for path in (config_folder() / "experiment").glob("*.yaml"))
SWAPPED = [kind for kind in RUN_KINDS if kind != "reader"]


@pytest.fixture(scope="module")
def sources() -> list[ConfigSource]:
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return GlobalHydra.instance().config_loader().get_sources()


def fitted(sources: list[ConfigSource], *words: str) -> tuple[Options, list[str]]:
    """What a run makes of a command line, and what it says of it."""
    typed = typed_options(words, sources)
    config, said = fitting_parameters(composed(*words), typed)
    options, of_layers = fitting_layers(read_options(config), typed)
    return options, [*said, *of_layers]


def planned(options: Options) -> Plan:
    """The plan, where all components can be built."""
    for kind in RUN_KINDS:
        getattr(options, kind).build()
    return plan_of(options, "scene", None, None)


@pytest.mark.parametrize(
    ("words", "kind", "parameters", "sentence"),
    [
        (
            ["experiment=laptop", "encoder=bands"],
            "encoder",
            {},
            "laptop sets encoder.width and encoder.depth of unet, which encoder=bands does not have: left out",
        ),
        (["experiment=surroundings", "projector=pca"], "projector", {}, "projector.metric of umap"),
        (
            ["experiment=paper", "gnn=gat"],
            "gnn",
            {"heads": 8, "features_per_head": 8, "layers": 3},
            "gnn.hidden of gcn",
        ),
        (["experiment=paper", "graph=adjacency"], "graph", {"edge_attributes": False}, "graph.k of nearest"),
        (["experiment=demo", "reader=bands"], "reader", None, "reader.rows and reader.columns of synthetic"),
        (["experiment=[tables,laptop]", "encoder=bands"], "encoder", {}, "experiment=[tables,laptop] sets"),
        (["experiment=[laptop,untrained]"], "encoder", {}, "encoder.width and encoder.depth of unet"),
        (["encoder=bands", "experiment=sweep"], "encoder", {}, "encoder.width and encoder.depth of unet"),
    ],
)
def test_parameters_of_the_component_that_was_swapped_are_left_out_and_that_is_said(
    words: list[str], kind: str, parameters: dict[str, object] | None, sentence: str, sources: list[ConfigSource]
) -> None:
    options, said = fitted(sources, *words)
    planned(options)
    chosen = getattr(options, kind)
    assert parameters is None or dict(chosen.parameters) == parameters
    assert len(said) == 1
    assert sentence in said[0]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["experiment=laptop", "encoder=autoencoder"], {"width": 16, "depth": 4, "latent": 64}),
        (["experiment=patel2023", "encoder=unet"], {"width": 16, "depth": 4}),
        (["experiment=laptop"], {"width": 16, "depth": 4}),
    ],
)
def test_parameters_that_fit_the_new_component_count_for_it(
    words: list[str], kept: dict[str, object], sources: list[ConfigSource]
) -> None:
    assert dict(fitted(sources, *words)[0].encoder.parameters) == kept


def test_segments_end_at_the_borders_of_chips_in_the_papers_way_whoever_cuts_them(
    sources: list[ConfigSource],
) -> None:
    options, said = fitted(sources, "experiment=paper", "segmenter=watershed")
    assert (options.segmenter.parameters["seams"], said) == ("chip", [])


def test_what_is_typed_is_never_left_out(sources: list[ConfigSource]) -> None:
    options, _ = fitted(sources, "experiment=laptop", "encoder=bands", "encoder.width=3")
    with pytest.raises(ConfigError, match="encoder 'bands' has no parameter 'width'"):
        planned(options)
    options, _ = fitted(sources, "experiment=paper", "gnn=none", "embedding.layer=gnn2")
    with pytest.raises(ConfigError, match=r"embedding\.layer 'gnn2' is not made by this run"):
        planned(options)


@pytest.mark.parametrize(
    ("words", "layer", "maps"),
    [
        (["experiment=paper", "gnn=none"], "encoder", ("encoder",)),
        (["experiment=paper", "gnn=rings"], "gnn2", ("gnn2",)),
        (["experiment=surroundings", "gnn=none"], "encoder", ("encoder", "own", "surroundings")),
        (["experiment=patel2023", "encoder=bands"], "encoder", ("encoder",)),
        (["experiment=untrained", "gnn=gcn"], "own", ("own", "surroundings", "own+gnn1")),
    ],
)
def test_layers_that_a_swapped_component_lacks_are_replaced_by_the_deepest(
    words: list[str], layer: str, maps: tuple[str, ...], sources: list[ConfigSource]
) -> None:
    plan = planned(fitted(sources, *words)[0])
    assert (plan.layer, plan.maps) == (layer, maps)


def test_a_mistake_in_an_experiment_stays_one_where_nothing_was_swapped(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    mine = tmp_path / "experiment" / "mine.yaml"
    head = "# @package _global_\n"
    usual, sage = composed(), composed("gnn=sage")
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        ours = GlobalHydra.instance().config_loader().get_sources()
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        mine.write_text(f"{head}gnn: {{heads: 4}}\n")  # without `override /gnn: gat`
        theirs = GlobalHydra.instance().config_loader().get_sources()
        config = usual | {"gnn": {**usual["gnn"], "heads": 4}}
        assert fitting_parameters(config, typed_options(["experiment=mine"], [*ours, *theirs])) == (config, [])
        mine.write_text(f"{head}defaults:\n  - override /gnn: gat\ngnn: {{haeds: 4}}\n")
        config = sage | {"gnn": {**sage["gnn"], "haeds": 4}}
        words = ["experiment=mine", "gnn=sage"]
        assert fitting_parameters(config, typed_options(words, [*ours, *theirs])) == (config, [])


def test_without_experiments_and_from_python_nothing_is_left_out(sources: list[ConfigSource]) -> None:
    config = composed()
    assert fitting_parameters(config, None) == (config, [])
    assert fitting_parameters(config, typed_options(["gnn=gat"], sources)) == (config, [])
    options = read_options(composed("embedding.layer=encoder"))
    assert fitting_layers(options, None) == (options, [])


def test_the_component_of_a_workspace_counts_as_a_swapped_one(
    tmp_path: Path, sources: list[ConfigSource], capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["reader=synthetic", "reader.rows=64", "reader.columns=64", f"workspace={tmp_path / 'w'}"]
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "config.yaml").write_text(yaml.safe_dump(composed(*small, "encoder=bands")))
    words = [*small, "experiment=laptop", "overwrite=true"]
    found = prepare(composed(*words), point=None, typed=typed_options(words, sources))
    assert found.plan.options.encoder.section == {"name": "bands"}
    assert found.plan.options.training.encoder.max_epochs == 8
    assert "of unet, which encoder=bands does not have: left out" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("experiment", [*EXPERIMENTS, "[patel2023,laptop]", "[untrained,laptop]", "[tables,paper]"])
def test_every_experiment_survives_every_component(experiment: str, sources: list[ConfigSource]) -> None:
    tried = 0
    for kind in SWAPPED:
        for name in registry(kind):
            if (config_folder() / kind / f"{name}.yaml").exists():
                planned(fitted(sources, f"experiment={experiment}", f"{kind}={name}")[0])
                tried += 1
    assert tried >= 25
