"""Options of exporters, from their signatures and docstrings."""

from __future__ import annotations

from typing import Any, Literal

from qtpy.QtWidgets import QComboBox

from napari_rsgraph.panels.export_options import options_of, parameters_of, value_of, widget_of


class Example:
    """One line.

    More.

    Parameters
    ----------
    kind
        Which kind
        it is.
    least, most
        Bounds.

    Raises
    ------
    ValueError
        Never.
    """

    def __init__(
        self,
        needed: str,
        kind: Literal["a", "b"] = "b",
        least: int = 3,
        most: float = 0.5,
        layer: str | None = None,
        other: list[int] | None = None,
    ) -> None:
        pass


def test_options_come_from_signature_and_docstring(qtbot: Any) -> None:
    found = {option.name: option for option in options_of(Example, ["x", "y"])}
    assert list(found) == ["kind", "least", "most", "layer"]
    assert found["kind"].choices == ("a", "b")
    assert found["kind"].about == "Which kind it is."
    assert found["most"].about == "Bounds."
    assert found["layer"].choices == (None, "x", "y")
    for option in found.values():
        widget = widget_of(option)
        qtbot.addWidget(widget)
        assert value_of(widget) == option.default


def test_choices_that_have_words_are_read_as_these(qtbot: Any) -> None:
    layer = next(option for option in options_of(Example, ["gnn1", "y"]) if option.name == "layer")
    widget = widget_of(layer, {"gnn1": "Trained"})
    qtbot.addWidget(widget)
    assert isinstance(widget, QComboBox)
    assert [widget.itemText(place) for place in range(widget.count())] == ["default", "Trained", "y"]
    assert widget.itemData(1) == "gnn1"


def test_a_docstring_without_parameters_gives_none() -> None:
    assert parameters_of("One line.") == {}
    assert parameters_of(Example.__doc__ or "") == {}  # indented: as inspect.getdoc gives it, it is not
