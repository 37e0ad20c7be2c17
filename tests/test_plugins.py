"""A package of a third party adds a component by being installed: nothing of rsgraph names it."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from rsgraph.workspace import Workspace
from tests.small_runs import TINY

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = ROOT / "plugins" / "rsgraph-hexagons"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A light environment over this one's packages, into which only the plugin is installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    interpreter = folder / "bin" / "python"
    packages = Path(call(interpreter, "import site; print(site.getsitepackages()[0])").strip())
    # addsitedir, unlike a plain path, also follows the .pth files there: those of editable installs
    lines = [f"import site; site.addsitedir({place!r})" for place in site.getsitepackages()]
    (packages / "below.pth").write_text("\n".join([*lines, str(ROOT)]) + "\n")
    install = [interpreter, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    outside = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run([*install, PLUGIN], check=True, capture_output=True, env={**os.environ, **outside}, cwd=folder)
    return interpreter


def call(interpreter: Path, code: str) -> str:
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_plugin_is_installed_only_in_its_own_environment(python: Path) -> None:
    find = "from importlib.util import find_spec; print(find_spec('rsgraph_hexagons').origin)"
    assert call(python, find).startswith(str(python.parents[1]))


def test_plugin_component_is_listed_by_name(python: Path) -> None:
    done = subprocess.run([python, "-m", "rsgraph", "components"], capture_output=True, text=True, check=True)
    assert "  hexagons             Hexagonal cells that ignore the image" in done.stdout
    here = subprocess.run([sys.executable, "-m", "rsgraph", "components"], capture_output=True, text=True, check=True)
    added = set(done.stdout.splitlines()) - set(here.stdout.splitlines())
    assert all("hexagons" in line for line in added)


def test_plugin_component_is_built_by_name(python: Path) -> None:
    code = "from rsgraph.components import build; print(build('segmenter', name='hexagons', n_segments=7).n_segments)"
    assert call(python, code) == "7\n"


def test_plugin_component_checks_its_options_as_ours_do(python: Path) -> None:
    code = (
        "from rsgraph.components import build\n"
        "from rsgraph.errors import ConfigError\n"
        "for options in ({'n_segments': 0}, {'segments': 3}):\n"
        "    try:\n"
        "        build('segmenter', name='hexagons', **options)\n"
        "    except ConfigError as error:\n"
        "        print(error)\n"
    )
    assert call(python, code).splitlines() == [
        "`n_segments` must be a whole number of at least 1. Got 0 instead.",
        "segmenter 'hexagons' has no parameter 'segments'; choose one of: n_segments",
    ]


def test_plugin_component_runs_by_name(python: Path, tmp_path: Path) -> None:
    choices = [*TINY, "segmenter=hexagons", "segmenter.n_segments=40", "workspace=w"]
    done = subprocess.run(
        [python, "-m", "rsgraph", "run", *choices], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((tmp_path / "w" / "config.yaml").read_text())["segmenter"] == {
        "name": "hexagons",
        "n_segments": 40,
    }
    workspace = Workspace(tmp_path / "w")
    assert 12 * 25 < len(workspace.segments) < 12 * 70  # twelve chips of 64 x 64, hexagons cut at their edges
