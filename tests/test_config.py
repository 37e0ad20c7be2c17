from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rsgraph.config import config_folder, flatten, quote, refuse_targets, refuse_targets_in_folder
from rsgraph.errors import ConfigError


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


def test_refuse_targets_names_the_key_wherever_it_is() -> None:
    refuse_targets({"encoder": {"name": "unet", "layers": [{"a": 1}]}})
    with pytest.raises(ConfigError, match=r"'encoder.layers.0._target_' is refused"):
        refuse_targets({"encoder": {"layers": [{"_target_": "os.system"}]}})


def test_refuse_targets_in_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "evil.yaml").write_text("name: unet\n_target_: os.system\n")
    with pytest.raises(ConfigError, match=r"evil.yaml: '_target_' is refused"):
        refuse_targets_in_folder(tmp_path)


def test_flatten_joins_keys_with_dots() -> None:
    assert flatten({"a": {"b": 1, "c": {}}, "d": [1]}) == {"a.b": 1, "a.c": {}, "d": [1]}


def test_config_folder_holds_the_programme() -> None:
    text = (config_folder() / "run.yaml").read_text()
    defaults = text[text.index("defaults:") : text.index("\ndata:")]
    assert defaults.strip().splitlines()[-1].strip().startswith("- experiment: null")
