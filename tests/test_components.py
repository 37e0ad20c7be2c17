"""Every component is what its registry line, its YAML and its interface say."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
import yaml

from rsgraph import protocols
from rsgraph.components import BUILT_IN, KINDS, build, from_config, registry
from rsgraph.config import config_folder
from rsgraph.errors import ConfigError, UnknownComponent

EVERY = [(kind, name) for kind in KINDS for name in BUILT_IN[kind]]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_component_yaml_has_the_keys_and_defaults_of_the_constructor(kind: str, name: str) -> None:
    config = yaml.safe_load((config_folder() / kind / f"{name}.yaml").read_text())
    assert config.pop("name") == name
    parameters = inspect.signature(registry(kind)[name]).parameters
    assert list(config) == list(parameters)
    for key, parameter in parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            assert config[key] == default, key


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_component_is_built_from_its_config_and_offers_its_interface(kind: str, name: str) -> None:
    config = yaml.safe_load((config_folder() / kind / f"{name}.yaml").read_text())
    component = from_config(kind, config)
    assert isinstance(component, getattr(protocols, kind.capitalize()))


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_component_describes_itself_in_one_line(kind: str, name: str) -> None:
    line = registry(kind).describe(name)
    assert 10 < len(line) < 110
    assert line.endswith(".")


def test_build_lists_the_choices_for_an_unknown_name() -> None:
    with pytest.raises(
        UnknownComponent, match="unknown encoder 'unt'; choose one of: autoencoder, bands, segmentation_models, unet"
    ):
        build("encoder", name="unt")


def test_build_lists_the_kinds_for_an_unknown_kind() -> None:
    with pytest.raises(ConfigError, match="unknown component kind 'decoder'; choose one of: reader, target"):
        build("decoder", name="unet")


def test_import_rsgraph_loads_nothing_heavy() -> None:
    heavy = ("torch", "numpy", "rasterio", "hydra", "mlflow")
    code = f"import sys, rsgraph; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_registries_are_built_once() -> None:
    assert all(registry(kind) is registry(kind) for kind in KINDS)


def test_what_components_are_is_listed_without_importing_one() -> None:
    code = (
        "import sys\n"
        "from rsgraph.components import KINDS, registry\n"
        "print(sum(len(registry(kind).describe(name)) > 10 for kind in KINDS for name in registry(kind)))\n"
        "print([name for name in ('torch', 'torch_geometric', 'rasterio', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, heavy = done.stdout.splitlines()
    assert int(count) >= len(EVERY)
    assert heavy == "[]"
