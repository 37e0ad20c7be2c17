"""The stage encode: the encoder's maps, averaged over every segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from rsgraph.stages.encode import encode
from rsgraph.stages.encoder import encoder
from rsgraph.stages.target import target
from tests.stages.squares import COLOURS, segmented


def test_encode_of_bands_is_each_square_s_standardised_colour(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    for stage in (target, encoder):
        stage(given)
    facts = encode(given)
    assert facts["maps"] == 2
    assert "latent" not in facts
    standardised = (COLOURS * 16 - 4.5) / 5.25**0.5  # 1 to 8: mean 4.5, variance 5.25
    np.testing.assert_allclose(np.load(tmp_path / "embeddings" / "encoder.npy"), standardised, atol=1e-5)
    assert not (tmp_path / "latents.npy").exists()


def test_encode_loads_the_encoder_anew_where_its_weights_have_changed(tmp_path: Path) -> None:
    given = segmented(tmp_path)
    for stage in (target, encoder, encode):
        stage(given)
    path = tmp_path / "models" / "encoder.safetensors"
    save_file({**load_file(path), "mean": np.zeros(2, np.float32)}, path)
    encode(given)
    found = np.load(tmp_path / "embeddings" / "encoder.npy")
    np.testing.assert_allclose(found, COLOURS * 16 / 5.25**0.5, atol=1e-5)
