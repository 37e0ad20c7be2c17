"""A registry: component names, and where each class lives. Nothing is imported before it is asked for."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import EntryPoints, entry_points
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from rsgraph.errors import ConfigError, UnknownComponent
from rsgraph.protocols import BASES, check_component


def installed(group: str) -> EntryPoints:
    """Return what installed packages offer in a group of entry points."""
    return _offered().select(group=group)


@cache
def _offered() -> EntryPoints:
    """Look at every installed package, once in a process."""
    return cast(EntryPoints, entry_points())  # Python 3.11 has an older class here, which selects as well


class Registry(Mapping[str, type]):
    """Names of one kind of component.

    Built-in names are given; installed packages add theirs through the entry point group ``rsgraph.<kind>``.
    A built-in name cannot be replaced.

    Parameters
    ----------
    kind
        ``encoder``, ``segmenter`` ...
    built_in
        name -> ``"module:Class"``.
    """

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        added = {point.name: point.value for point in installed(f"rsgraph.{kind}")}
        self.places: dict[str, str] = {**added, **built_in}

    def __getitem__(self, name: str) -> type:
        """Import and return the class.

        Raises UnknownComponent (with the choices) for an unknown name, and ConfigError for a class that is no
        component of this kind.
        """
        self.check(name)
        module, _, attribute = self.places[name].partition(":")
        found: type = getattr(import_module(module), attribute)
        if self.kind in BASES:
            check_component(self.kind, found, name)
        return found

    def describe(self, name: str) -> str:
        """Return the first line of a component's docstring; it is imported only where its source has none."""
        self.check(name)
        module, _, attribute = self.places[name].partition(":")
        text = _docstring(module, attribute) or inspect.getdoc(self[name]) or ""
        return text.partition("\n")[0]

    def check(self, name: str) -> None:
        """Raise UnknownComponent (with the choices) for an unknown name, without importing anything."""
        if name not in self.places:
            raise UnknownComponent(f"unknown {self.kind} '{name}'; choose one of: {', '.join(sorted(self))}")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.places)

    def __len__(self) -> int:
        """Count the names."""
        return len(self.places)

    def build(self, name: str, parameters: Mapping[str, Any]) -> Any:
        """Construct a component. Raises ConfigError for a parameter that its constructor does not have."""
        component = self[name]
        known = list(inspect.signature(component).parameters)
        for parameter in parameters:
            if parameter not in known:
                choices = ", ".join(known) or "(it has none)"
                raise ConfigError(f"{self.kind} '{name}' has no parameter '{parameter}'; choose one of: {choices}")
        check_types(self.kind, component, parameters)
        return component(**parameters)


def _docstring(module: str, attribute: str) -> str | None:
    """Return the docstring of a class as its source has it, or None; nothing is imported."""
    spec = _find(module)
    source = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
    classes = [node for node in ast.parse(source or "").body if isinstance(node, ast.ClassDef)]
    return next((ast.get_docstring(node) for node in classes if node.name == attribute), None)


def _find(module: str) -> ModuleSpec | None:
    """Find a module without importing the packages that hold it, as ``importlib.util.find_spec`` would."""
    name, *parts = module.split(".")
    spec = find_spec(name)
    for part in parts:
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, spec.submodule_search_locations or []) if spec else None
    return spec


_SCALARS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", NoneType: "null"}


def check_types(section: str | None, constructor: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Check values from a config against the annotations of a constructor, as far as these are plain.

    Parameters
    ----------
    section
        Where the user wrote the values: ``encoder``, ``training.gnn`` ...; None: in none, as ``seed``.
    constructor
        A class (or function) with annotated parameters.
    values
        By parameter.

    Raises
    ------
    ConfigError
        A value is, for instance, a text where a number is needed.
    """
    target = constructor.__init__ if inspect.isclass(constructor) else constructor
    try:
        hints = get_type_hints(target)
    except NameError:  # names that are only imported for type checkers
        return
    for name, value in values.items():
        if name in hints and not _fits(value, hints[name]):
            written = name if section is None else f"{section}.{name}"
            raise ConfigError(f"{written} must be {_spoken(hints[name])}. Got {value!r} instead.")


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint) and type(value) in {type(choice) for choice in get_args(hint)}
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint in _SCALARS:
        return type(value) is hint
    if get_origin(hint) is not None:  # lists and mappings: their content is the component's business
        return not isinstance(value, int | float | str | NoneType)
    return True


def _spoken(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(dict.fromkeys(_spoken(part) for part in get_args(hint)))
    if get_origin(hint) is Literal:
        return f"one of: {', '.join(map(str, get_args(hint)))}"
    return _SCALARS.get(hint, "a list")


def check_count(parameter: str, value: int) -> int:
    """Return ``value``. Raises ConfigError unless it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"`{parameter}` must be a whole number of at least 1. Got {value!r} instead.")
    return value
