"""A registry: component names, and where each class lives. Nothing is imported before it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from rsgraph.errors import ConfigError, UnknownComponent


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
        added = {point.name: point.value for point in entry_points(group=f"rsgraph.{kind}")}
        self.places: dict[str, str] = {**added, **built_in}

    def __getitem__(self, name: str) -> type:
        """Import and return the class. Raises UnknownComponent (with the choices) for an unknown name."""
        self.check(name)
        module, _, attribute = self.places[name].partition(":")
        found: type = getattr(import_module(module), attribute)
        return found

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
        return component(**parameters)
