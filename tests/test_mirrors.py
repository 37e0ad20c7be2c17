"""Modules and their test files: every module has one at the same place, with a test that can fail."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]


class Package(NamedTuple):
    """Where a package and its tests lie; ``flat``: all tests are in one folder, named ``test_<room>_<module>.py``."""

    modules: str
    tests: str
    flat: bool


RSGRAPH = Package("rsgraph", "tests", flat=False)
PLUGIN = Package("plugins/napari-rsgraph/napari_rsgraph", "plugins/napari-rsgraph/tests", flat=True)

PACKAGES = (RSGRAPH, PLUGIN)
"""The packages that are checked."""

WITHOUT = {"rsgraph/__main__.py": "it only calls rsgraph.cli.main; tests that start `python -m rsgraph` run it"}
"""Modules without a test file of their own, and why. Packages' ``__init__.py`` are not asked for one."""


def modules_of(package: Package) -> list[Path]:
    """The modules of a package, relative to it."""
    folder = ROOT / package.modules
    return sorted(path.relative_to(folder) for path in folder.rglob("*.py") if path.name != "__init__.py")


def mirror_of(package: Package, module: Path) -> Path:
    """The test file of a module, relative to the repository."""
    room = Path() if package.flat else module.parent
    parts = module.with_suffix("").parts if package.flat else [module.stem]
    return Path(package.tests) / room / f"test_{'_'.join(parts)}.py"


MIRRORS = {
    (Path(package.modules) / module).as_posix(): mirror_of(package, module)
    for package in PACKAGES
    for module in modules_of(package)
}


def can_fail(test: ast.AST) -> bool:
    """Tell whether a test asserts something: by ``assert``, ``pytest.raises``, or numpy's and torch's functions."""
    calls = [node.func for node in ast.walk(test) if isinstance(node, ast.Call)]
    names = [call.attr for call in calls if isinstance(call, ast.Attribute)]
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(test))
    return asserts or any(name == "raises" or name.startswith("assert_") for name in names)


def asserting_tests(text: str) -> list[str]:
    """Names of the tests of a file that can fail."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return [test.name for test in functions if test.name.startswith("test_") and can_fail(test)]


@pytest.mark.parametrize("module", [module for module in MIRRORS if module not in WITHOUT])
def test_module_has_a_test_file_that_can_fail(module: str) -> None:
    mirror = ROOT / MIRRORS[module]
    assert mirror.is_file(), f"{module} has no test file; expected {MIRRORS[module]}"
    assert asserting_tests(mirror.read_text(encoding="utf-8")), (
        f"{MIRRORS[module]} has no test that asserts something"
    )


def test_modules_without_a_test_file_exist_and_have_none() -> None:
    assert set(WITHOUT) <= set(MIRRORS)
    assert not [module for module in WITHOUT if (ROOT / MIRRORS[module]).exists()]


@pytest.mark.parametrize(
    ("package", "module", "mirror"),
    [
        (RSGRAPH, "cli.py", "tests/test_cli.py"),
        (RSGRAPH, "io/synthetic/coast.py", "tests/io/synthetic/test_coast.py"),
        (PLUGIN, "window.py", "plugins/napari-rsgraph/tests/test_window.py"),
        (PLUGIN, "scene/scene_map.py", "plugins/napari-rsgraph/tests/test_scene_scene_map.py"),
    ],
)
def test_mirrors_lie_at_the_same_place(package: Package, module: str, mirror: str) -> None:
    assert Path(module) in modules_of(package)
    assert mirror_of(package, Path(module)) == Path(mirror)


def test_tests_that_assert_nothing_do_not_count() -> None:
    assert asserting_tests("def test_a():\n    value = 1\ndef other():\n    assert 1\n") == []
    assert asserting_tests("class TestA:\n    def test_a(self):\n        assert 1\n") == ["test_a"]
    assert asserting_tests("def test_a():\n    with pytest.raises(ValueError):\n        f()\n") == ["test_a"]
    assert asserting_tests("def test_a():\n    np.testing.assert_array_equal(a, b)\n") == ["test_a"]
