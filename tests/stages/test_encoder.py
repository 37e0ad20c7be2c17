"""The stage encoder where the bands are their own encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from rsgraph.files import read_json
from rsgraph.stages.encoder import encoder
from rsgraph.stages.target import target
from tests.stages.squares import segmented


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
