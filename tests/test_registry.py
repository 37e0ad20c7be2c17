from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Literal

import pytest

from rsgraph import registry
from rsgraph.errors import ConfigError, UnknownComponent
from rsgraph.registry import Registry, check_types, installed


@pytest.fixture
def fruits() -> Registry:
    return Registry("fruit", {"fraction": "fractions:Fraction", "counter": "collections:Counter"})


def test_registry_imports_a_class_on_first_use(fruits: Registry) -> None:
    from fractions import Fraction

    assert fruits["fraction"] is Fraction
    assert fruits.build("fraction", {"numerator": 3, "denominator": 6}) == Fraction(1, 2)


def test_registry_lists_the_choices_for_an_unknown_name(fruits: Registry) -> None:
    with pytest.raises(UnknownComponent) as caught:
        fruits["unt"]
    assert str(caught.value) == "unknown fruit 'unt'; choose one of: counter, fraction"


def test_registry_names_the_parameters_for_an_unknown_parameter(fruits: Registry) -> None:
    with pytest.raises(
        ConfigError, match="fruit 'fraction' has no parameter 'top'; choose one of: numerator, denominator"
    ):
        fruits.build("fraction", {"top": 3})


def test_registry_is_a_mapping_of_names(fruits: Registry) -> None:
    assert list(fruits) == ["fraction", "counter"]
    assert len(fruits) == 2


def test_check_types_speaks_of_what_is_needed() -> None:
    def options(count: int, share: float, name: str | None, kind: Literal["a", "b"], parts: list[int]) -> None: ...

    check_types("gnn", options, {"count": 3, "share": 1, "name": None, "kind": "a", "parts": [1]})
    for name, value, needed in (
        ("count", 2.5, "a whole number"),
        ("count", True, "a whole number"),
        ("share", "big", "a number"),
        ("name", 7, "a text or null"),
        ("kind", "c", "one of: a, b"),
        ("parts", 3, "a list"),
    ):
        with pytest.raises(ConfigError, match=f"^gnn.{name} must be {needed}. Got {value!r} instead.$"):
            check_types("gnn", options, {name: value})


PACKAGE = {
    "__init__.py": "raise RuntimeError('a package is not run to read a line of it')",
    "parts/__init__.py": "raise RuntimeError('nor is this one')",
    "parts/rose.py": 'import nowhere\n\n\nclass Rose:\n    """A flower.\n\n    Of many petals.\n    """\n',
    "thorn.py": "class Thorn:\n    pass\n",
}


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign package that cannot be imported."""
    for name, text in PACKAGE.items():
        place = tmp_path / "garden_of_a_test" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("garden")
def test_describe_reads_a_line_without_importing_anything() -> None:
    flowers = Registry("flower", {"rose": "garden_of_a_test.parts.rose:Rose"})
    assert flowers.describe("rose") == "A flower."
    assert not any(name.startswith("garden_of_a_test") for name in sys.modules)


@pytest.mark.usefixtures("garden")
def test_describe_imports_what_has_no_line_in_its_source() -> None:
    with pytest.raises(RuntimeError, match="not run to read a line"):
        Registry("flower", {"thorn": "garden_of_a_test.thorn:Thorn"}).describe("thorn")
    assert Registry("counter", {"steps": "itertools:count"}).describe("steps").startswith("Return a count object")
    assert Registry("type", {"tree": "collections.abc:Mapping"}).describe("tree") == (
        "A Mapping is a generic container for associating key/value"
    )


def test_describe_lists_the_choices_for_an_unknown_name(fruits: Registry) -> None:
    with pytest.raises(UnknownComponent, match="unknown fruit 'unt'; choose one of: counter, fraction"):
        fruits.describe("unt")


def test_installed_packages_are_looked_at_once() -> None:
    before = registry._offered.cache_info().misses
    assert {*installed("console_scripts").names} >= {"rsgraph"}
    installed("rsgraph.conf")
    assert registry._offered.cache_info().misses <= max(before, 1)


def test_an_installed_package_adds_a_name_but_does_not_replace_one(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"counter": "theirs:Counter", "dial": "collections:ChainMap"}
    added = EntryPoints(EntryPoint(name, place, "rsgraph.fruit") for name, place in places.items())
    monkeypatch.setattr("rsgraph.registry.installed", lambda group: added.select(group=group))
    fruits = Registry("fruit", {"counter": "collections:Counter"})
    assert sorted(fruits) == ["counter", "dial"]
    assert fruits.places["counter"] == "collections:Counter"
    assert fruits.describe("dial").startswith("A ChainMap groups multiple dicts")
