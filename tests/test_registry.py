from __future__ import annotations

from typing import Literal

import pytest

from rsgraph.errors import ConfigError, UnknownComponent
from rsgraph.registry import Registry, check_types


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
