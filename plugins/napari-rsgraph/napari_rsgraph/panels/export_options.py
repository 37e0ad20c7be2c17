"""Options of an exporter, read from its signature and docstring, and the widgets that set them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from napari_rsgraph.widgets.controls import HIT
from rsgraph.components import registry
from rsgraph.protocols import Progress

_NO_WORDS: Mapping[str, str] = MappingProxyType({})

Widget = QCheckBox | QComboBox | QSpinBox | QDoubleSpinBox


@dataclass(frozen=True)
class Option:
    """A parameter that can be set on the screen.

    Parameters
    ----------
    name
        Of the parameter.
    default
        Its default.
    choices
        What it may be; () for a number or a switch.
    about
        A sentence or two from the docstring.
    """

    name: str
    default: Any
    choices: tuple[Any, ...]
    about: str


@dataclass(frozen=True)
class ExporterFacts:
    """What the panel says of an exporter.

    Parameters
    ----------
    name
        As registered.
    summary
        One line.
    options
        Those that can be set.
    """

    name: str
    summary: str
    options: tuple[Option, ...]


def read_exporters(layers: Sequence[str], progress: Progress) -> dict[str, ExporterFacts]:
    """Import all exporters and describe them. Takes seconds the first time: for a worker.

    Parameters
    ----------
    layers
        Of the workspace: choices of a parameter ``layer``.
    progress
        Called with (exporters done, exporters in all).
    """
    known = registry("exporter")
    found = {}
    for place, name in enumerate(known):
        progress(place, len(known))
        found[name] = describe(name, known[name], layers)
    return found


def describe(name: str, exporter: type, layers: Sequence[str]) -> ExporterFacts:
    """Describe one exporter."""
    text = inspect.getdoc(exporter) or ""
    return ExporterFacts(name, text.partition("\n\n")[0].replace("\n", " "), tuple(options_of(exporter, layers)))


def options_of(exporter: type, layers: Sequence[str]) -> list[Option]:
    """List the parameters that have a default and a plain type; others stay at their default."""
    hints = get_type_hints(exporter.__init__)  # type: ignore[misc]  # of the class itself, not of an instance
    found: list[Option] = []
    about = parameters_of(inspect.getdoc(exporter) or "")
    for parameter in inspect.signature(exporter).parameters.values():
        choices = _choices(parameter.name, hints.get(parameter.name), layers)
        if parameter.default is not inspect.Parameter.empty and choices is not None:
            found.append(Option(parameter.name, parameter.default, choices, about.get(parameter.name, "")))
    return found


def _choices(name: str, hint: Any, layers: Sequence[str]) -> tuple[Any, ...] | None:
    """Return what a parameter may be, () for what has a widget without choices, None for what has none."""
    if name == "layer" and str in _parts(hint):
        return (None, *layers) if type(None) in _parts(hint) else tuple(layers)
    literals = [value for part in _parts(hint) if get_origin(part) is Literal for value in get_args(part)]
    if literals:
        return tuple([None, *literals] if type(None) in _parts(hint) else literals)
    return () if hint in (bool, int, float) else None


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def parameters_of(docstring: str) -> dict[str, str]:
    """Return the text of each parameter of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", docstring, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = {}
    for entry in re.finditer(r"^(\w[^\n]*)\n((?: +[^\n]*\n?|\n)+)", section[1] if section else "", re.MULTILINE):
        text = " ".join(entry[2].split()).replace("``", "")
        found |= {name.strip(): text for name in entry[1].partition(":")[0].split(",")}
    return found


def widget_of(option: Option, words: Mapping[str, str] = _NO_WORDS) -> Widget:
    """Return a widget that sets an option, at its default; ``words`` has what is read for choices, such as layers."""
    made = _widget(option, words)
    made.setToolTip(option.about or title(option))
    made.setAccessibleName(title(option))
    return made


def _widget(option: Option, words: Mapping[str, str]) -> Widget:
    if option.choices:
        box = QComboBox()
        for choice in option.choices:
            text = "default" if choice is None else words.get(choice, str(choice).replace("_", " "))
            box.addItem(text, choice)
        box.setCurrentIndex(option.choices.index(option.default))
        return box
    if isinstance(option.default, bool):
        tick = QCheckBox(title(option))
        tick.setChecked(option.default)
        tick.setMinimumHeight(HIT)
        return tick
    number: QSpinBox | QDoubleSpinBox = QSpinBox() if isinstance(option.default, int) else QDoubleSpinBox()
    number.setRange(-1_000_000, 1_000_000)
    number.setValue(option.default)
    return number


def value_of(widget: QWidget) -> Any:
    """Return what a widget is set to."""
    if isinstance(widget, QComboBox):
        return widget.currentData()
    if isinstance(widget, QCheckBox):
        return widget.isChecked()
    assert isinstance(widget, QSpinBox | QDoubleSpinBox)
    return widget.value()


def title(option: Option) -> str:
    """Return the name of an option for reading."""
    return option.name.replace("_", " ").capitalize()
