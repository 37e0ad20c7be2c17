"""The stage encoder where the bands are their own encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from rsgraph.files import read_json
from rsgraph.stages.encoder import _chips, encoder
from rsgraph.stages.scene import scene
from rsgraph.stages.schedules import planned_encoder
from rsgraph.stages.target import target
from rsgraph.training.budget import Schedule
from tests.stages.squares import context, segmented, speckled


def test_encoder_bands_keeps_mean_and_deviation_of_the_scene(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    target(given)
    assert encoder(given) == {"trained": False}
    weights = load_file(tmp_path / "models" / "encoder.safetensors")
    np.testing.assert_allclose(weights["mean"], [4.5 / 16] * 2)
    np.testing.assert_allclose(weights["std"], [5.25**0.5 / 16] * 2)


def test_encoder_writes_what_it_was_built_with(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    target(given)
    encoder(given)
    about = read_json(tmp_path / "models" / "encoder.json")
    assert about == {"bands": ["B04", "B08"], "component": {"name": "bands"}, "classes": 2, "history": []}


def test_the_budget_bounds_epochs_and_is_said_before_training(tmp_path: Path) -> None:
    said: list[str] = []
    network = ("encoder=unet", "encoder.width=2", "encoder.depth=2", "training.encoder.max_epochs=400")
    given = context(
        tmp_path, *network, "training.budget=1", "chips.test_every=4", scenes=[speckled()], say=said.append
    )
    planned = planned_encoder(given.options, given.opened)
    assert (planned.epochs, len(planned.train), len(planned.validation)) == (28, 9, 3)  # 256 passes of 16 x 16
    full = context(tmp_path, *network, "training.budget=full", scenes=[speckled()])
    assert planned_encoder(full.options, full.opened).epochs == 400
    few = context(tmp_path, *network[:3], "training.encoder.max_epochs=2", scenes=[speckled()], say=said.append)
    for stage in (scene, target, encoder):
        stage(few)
    assert said[-1] == "encoder: at most 2 epochs over 9 of 9 chips, 18 passes"
    assert said[0].startswith("target: 2 soft classes, fitted to ")


def test_a_sample_of_chips_is_read_as_those_chips(tmp_path: Path) -> None:
    given = context(tmp_path, "encoder=unet", "encoder.depth=2", scenes=[speckled()])
    all_of_them = _chips(given, planned_encoder(given.options, given.opened))
    some = _chips(given, Schedule(1, (2, 5), (3,), 9))
    assert len(some) == 3
    assert [some.is_test(i) for i in range(3)] == [False, True, False]
    for mine, theirs in enumerate((2, 3, 5)):
        np.testing.assert_array_equal(some.read(mine)[0], all_of_them.read(theirs)[0])
        np.testing.assert_array_equal(some.spared(mine), all_of_them.spared(theirs))
