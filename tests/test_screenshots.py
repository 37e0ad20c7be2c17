"""Pictures of the viewer in READMEs: all of them are made by one command, at the sizes that it says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", *(ROOT / "plugins").glob("*/README.md")]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    pytest.importorskip("napari")
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "plugins/napari-rsgraph/screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown() -> set[Path]:
    """Pictures that texts show, where they lie."""
    pairs = [(text, name) for text in TEXTS for name in re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", text.read_text())]
    return {(text.parent / name).resolve() for text, name in pairs}


def test_pictures_of_the_viewer_are_those_that_the_command_makes(script: ModuleType) -> None:
    made = {script.PICTURES / f"{name}.png" for name in script.SHOWN}
    assert {path for path in shown() if path.parent == script.PICTURES} == made


def test_pictures_have_the_size_that_the_command_gives_them(script: ModuleType) -> None:
    for name in script.SHOWN:
        with Image.open(script.PICTURES / f"{name}.png") as picture:
            assert picture.size == script.SIZES.get(name, script.USUAL)
