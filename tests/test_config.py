from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.plugins.config_source import ConfigSource
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rsgraph.config import (
    Typed,
    config_folder,
    flatten,
    interpolations,
    quote,
    refuse_targets,
    refuse_targets_in_folder,
    typed_options,
)
from rsgraph.errors import ConfigError
from tests.small_runs import composed


def _through_hydra(value: str) -> object:
    override = OverridesParser.create().parse_override(f"data.path={quote(value)}")
    config = OmegaConf.create({"path": None})
    OmegaConf.update(config, "path", override.value())
    return config.path


@pytest.mark.parametrize(
    "name",
    [
        "plain.tif",
        "with space (Raw), a=b.tif",
        'it\'s "quoted".tif',
        "back\\slash.tif",
        "ends with\\",
        "quote and slash\\'.tif",
        "${oc.env:HOME}/x.tif",
        "a,b,c",
        "[1,2]{x:y}",
        "~tilde+plus%@:;",
        "null",
        "ünïcødé 東京.tif",
    ],
)
def test_quote_brings_a_path_through_hydra_unchanged(name: str) -> None:
    assert _through_hydra(name) == name


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1))
def test_quote_brings_any_path_through_hydra_unchanged(name: str) -> None:
    assert _through_hydra(name) == name


def test_quote_leaves_interpolations_where_they_are_wanted() -> None:
    text = quote(r"it's ${a.b} \${c}", literal=False)
    override = OverridesParser.create().parse_override(f"x={text}")
    config = OmegaConf.create({"a": {"b": 4}, "x": override.value()})
    assert config.x == "it's 4 ${c}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a/${b}/${c.d}", ["${b}", "${c.d}"]),
        ("${a:${b},{x}}y", ["${a:${b},{x}}"]),
        (r"\${a}\\${b}", ["${b}"]),
        ("${a", []),
        ("$a {b}", []),
    ],
)
def test_interpolations_are_found_where_omegaconf_finds_them(text: str, found: list[str]) -> None:
    assert [text[first:end] for first, end in interpolations(text)] == found


def test_refuse_targets_names_the_key_wherever_it_is() -> None:
    refuse_targets({"encoder": {"name": "unet", "layers": [{"a": 1}]}})
    with pytest.raises(ConfigError, match=r"'encoder.layers.0._target_' is refused"):
        refuse_targets({"encoder": {"layers": [{"_target_": "os.system"}]}})


def test_refuse_targets_in_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "evil.yaml").write_text("name: unet\n_target_: os.system\n")
    with pytest.raises(ConfigError, match=r"evil.yaml: '_target_' is refused"):
        refuse_targets_in_folder(tmp_path)


def test_refuse_targets_in_folder_looks_into_linked_folders_and_ends(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.yaml").write_text("x: {_target_: os.system}\n")
    (tmp_path / "other" / "again").symlink_to(tmp_path / "other")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "experiment").symlink_to(tmp_path / "other")
    with pytest.raises(ConfigError, match=r"mine.yaml: 'x._target_' is refused"):
        refuse_targets_in_folder(tmp_path / "theirs")


def test_flatten_joins_keys_with_dots() -> None:
    assert flatten({"a": {"b": 1, "c": {}}, "d": [1]}) == {"a.b": 1, "a.c": {}, "d": [1]}


def test_config_folder_holds_the_programme() -> None:
    text = (config_folder() / "run.yaml").read_text()
    defaults = text[text.index("defaults:") : text.index("\ndata:")]
    assert defaults.strip().splitlines()[-1].strip().startswith("- experiment: null")


@pytest.fixture(scope="module")
def sources() -> list[ConfigSource]:
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return GlobalHydra.instance().config_loader().get_sources()


def test_typed_options_are_named_as_they_were_typed(sources: list[ConfigSource]) -> None:
    words = ["data.path='a, b=c.tif'", "gnn=gat", "graph.k=4", "+graph.new=1", "~tracking", "hydra.verbose=true"]
    names = frozenset({"data.path", "gnn", "graph.k", "graph.new", "tracking"})
    assert typed_options(words, sources) == Typed(names, (), frozenset())
    assert typed_options([], sources) == Typed(frozenset(), (), frozenset())


def test_an_experiment_types_what_stands_in_its_file_and_in_those_that_it_builds_on(
    sources: list[ConfigSource],
) -> None:
    typed = typed_options(["experiment=tables", "seed=1"], sources)
    assert typed.options == {"seed"}
    assert typed.experiments == ("tables",)
    laptop = {"encoder.width", "encoder.depth", "training.encoder.max_epochs", "training.encoder.learning_rate"}
    assert typed.by_experiments == {
        *laptop, "training.gnn.max_epochs", "training.budget", "matcher", "projector", "trainer.precision",
        "trainer.threads", "draw", "metric", "segmenter.seams", "embedding.own", "chips.across", "chips.margin",
    }  # fmt: skip


def test_several_experiments_type_what_all_of_them_set(sources: list[ConfigSource]) -> None:
    typed = typed_options(["experiment=[untrained,sweep]", "experiment=[patel2023,laptop]"], sources)
    assert typed.experiments == ("patel2023", "laptop")
    assert typed.by_experiments > {"gnn", "encoder", "projector", "embedding.chips", "encoder.width"}
    assert "graph.k" not in typed.by_experiments


@pytest.mark.parametrize("path", sorted((config_folder() / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_whatever_an_experiment_changes_counts_as_typed(path: Path, sources: list[ConfigSource]) -> None:
    typed = typed_options([f"experiment={path.stem}"], sources).by_experiments
    content = yaml.safe_load(path.read_text())
    assert {key for key in flatten(content) if key.split(".")[0] not in ("defaults", "hydra")} <= {*typed}
    plain, chosen = flatten(composed()), flatten(composed(f"experiment={path.stem}"))
    changed = {key for key in {*plain, *chosen} if plain.get(key) != chosen.get(key)}
    assert all(key in typed or key.split(".")[0] in typed for key in changed)


def test_an_experiment_of_the_users_own_counts_as_ours_do(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults:\n  - /experiment/laptop\n  - override /gnn: gat\n  - _self_\ngraph: {k: 5}\n"
    )
    (tmp_path / "run.yaml").write_text("")
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        ours = GlobalHydra.instance().config_loader().get_sources()
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        theirs = GlobalHydra.instance().config_loader().get_sources()
    typed = typed_options(["experiment=mine"], [*ours, *theirs])
    assert typed.by_experiments > {"gnn", "graph.k", "encoder.width"}


def test_an_experiment_is_written_for_the_components_that_it_chooses_or_else_the_usual_ones(
    sources: list[ConfigSource],
) -> None:
    typed = typed_options(["experiment=[patel2023,laptop]", "encoder=bands"], sources)
    assert typed.written_for["encoder.width"]["encoder"] == "unet"
    assert typed.written_for["training.encoder.noise"]["encoder"] == "autoencoder"
    assert typed.written_for["embedding.layer"]["gnn"] == "none"
    assert set(typed.by_experiments) == {*typed.written_for}
