"""Rings: their options, and what they say of themselves."""

from __future__ import annotations

import pytest

from rsgraph.errors import ConfigError
from rsgraph.gnn.rings import Rings


def test_surroundings_count_their_layers_and_say_that_they_are_not_trained() -> None:
    assert Rings(layers=3).n_layers == 3
    assert (Rings.trainable, Rings.reads) == (False, "bands")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "`layers` must be at least 1. Got 0 instead; try 2."),
        ({"floor": 0.0}, "`floor` must be a reflectance above 0. Got 0.0 instead; try 0.001."),
        ({"floor": float("nan")}, "`floor` must be a reflectance above 0. Got nan instead; try 0.001."),
        ({"least": 0.0}, "`least` must be at least 1e-06 and below 1. Got 0.0 instead; try 0.002."),
        ({"least": 1.0}, "`least` must be at least 1e-06 and below 1. Got 1.0 instead; try 0.002."),
    ],
)
def test_surroundings_refuse_options_out_of_range(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Rings(**options)  # type: ignore[arg-type]  # layers is an int
    assert str(caught.value) == message
