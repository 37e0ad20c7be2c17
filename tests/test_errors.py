"""The tree of errors: what the docstring draws is what the classes are."""

from __future__ import annotations

import inspect
import re

import pytest

from rsgraph import errors
from rsgraph.errors import (
    ConfigError,
    InputError,
    NotReadable,
    NotThere,
    RsgraphError,
    UnknownComponent,
    WorkspaceError,
)

CLASSES = {name: found for name, found in vars(errors).items() if inspect.isclass(found)}


def drawn() -> dict[str, str]:
    """Name and parent of each class in the drawing: four columns more are one level deeper."""
    parents, above = {}, ["RsgraphError"]
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"    ([│ ]*)[├└]── (\w+)", line):
            depth = len(found[1]) // 4
            above[depth + 1 :] = [found[2]]
            parents[found[2]] = above[depth]
    return parents


def test_drawing_shows_every_class_below_its_parent() -> None:
    assert {name: found.__bases__[0].__name__ for name, found in CLASSES.items() if name != "RsgraphError"} == drawn()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_is_caught_as_one_of_ours_and_keeps_its_sentence(name: str) -> None:
    with pytest.raises(RsgraphError, match=r"^it's so\.$"):
        raise CLASSES[name]("it's so.")


def test_unknown_component_is_a_key_error_without_its_quotes() -> None:
    error = UnknownComponent("unknown encoder 'unt'")
    assert isinstance(error, KeyError)
    assert isinstance(error, ConfigError)
    assert str(error) == "unknown encoder 'unt'"
    assert str(KeyError("unknown encoder 'unt'")) != str(error)
    assert str(UnknownComponent()) == ""


def test_scenes_and_workspaces_fail_apart() -> None:
    assert issubclass(NotReadable, InputError)
    assert issubclass(NotThere, WorkspaceError)
    assert not issubclass(WorkspaceError, InputError)
