"""The manifest that napari reads: everything that it names is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManager, PluginManifest

import napari_rsgraph

MANIFEST = Path(napari_rsgraph.__file__).parent / "napari.yaml"


@pytest.fixture
def manifest() -> PluginManifest:
    return PluginManifest.from_file(MANIFEST)


def test_npe2_validates_the_manifest() -> None:
    command = [sys.executable, "-m", "npe2", "validate", str(MANIFEST)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid" in done.stdout


def test_every_command_names_something_that_can_be_called(manifest: PluginManifest) -> None:
    for command in manifest.contributions.commands or ():
        module, _, name = str(command.python_name).partition(":")
        assert callable(getattr(import_module(module), name)), command.python_name


def test_commands_of_menus_widgets_readers_and_samples_are_declared(manifest: PluginManifest) -> None:
    offered = manifest.contributions
    declared = {command.id for command in offered.commands or ()}
    used = {item.command for items in offered.menus.values() for item in items}
    for kind in (offered.widgets, offered.readers, offered.sample_data):
        used |= {item.command for item in kind or ()}
    assert used == declared
    assert manifest.display_name == "rsgraph"


def test_menus_are_some_that_napari_shows(manifest: PluginManifest) -> None:
    from napari._app_model.constants import MenuId

    assert set(manifest.contributions.menus) <= {str(place) for place in MenuId.contributables()}


def test_napari_finds_widget_sample_and_reader(make_napari_viewer_proxy: Callable[..., Any], workspace: Path) -> None:
    make_napari_viewer_proxy()
    manager = PluginManager.instance()
    if "napari-rsgraph" not in manager._manifests:
        manager.register(PluginManifest.from_file(MANIFEST, package_name=None))
    samples = [
        sample.key for name, found in manager.iter_sample_data() if name == "napari-rsgraph" for sample in found
    ]
    assert samples == ["sample", "coast"]
    for path in (workspace, workspace / "manifest.json"):
        readers = [reader.command for reader in manager.iter_compatible_readers([str(path)])]
        assert "napari-rsgraph.get_reader" in readers
    widgets = [widget.display_name for widget in manager.iter_widgets() if widget.plugin_name == "napari-rsgraph"]
    assert widgets == ["Brush and label"]
