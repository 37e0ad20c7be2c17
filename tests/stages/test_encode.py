"""The stage encode: the encoder's maps, averaged over every segment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import rsgraph.stages.encode as encode_stage
from rsgraph.files import read_json
from rsgraph.graphs.features import segment_means
from rsgraph.io.chips import cut
from rsgraph.stages.context import Opened
from rsgraph.stages.encode import _encode_task, chosen_hardware, encode
from rsgraph.stages.encoder import _chips, encoder, load_encoder
from rsgraph.stages.schedules import planned_encoder
from rsgraph.stages.target import target
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.options import Hardware
from rsgraph.training.precision import Measured
from rsgraph.types import Floats
from tests.stages.squares import COLOURS, IDS, context, segmented, squares
from tests.training.chips import CPU


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


UNET = ("encoder=unet", "encoder.width=2", "encoder.depth=2", "training.encoder.max_epochs=1")


def encoded(folder: Path, *overrides: str) -> Floats:
    folder.mkdir(exist_ok=True)
    given = segmented(folder, *UNET, *overrides)
    for stage in (target, encoder, encode):
        stage(given)
    return np.asarray(np.load(folder / "embeddings" / "encoder.npy"))


def test_encode_with_a_margin_gives_what_the_whole_scene_gives(tmp_path: Path) -> None:
    """The network sees 12 pixels each way at most, so that no chip can differ from the scene, but for its edge."""
    made = encoded(tmp_path, "chips.margin=16")
    given = segmented(tmp_path, *UNET, "chips.margin=16")
    scene, frozen = given.opened.scenes[0], FrozenEncoder(load_encoder(given.workspace, given.options.encoder), CPU)
    raster = scene.source.read(scene.window)
    padding = ((16, 16), (16, 16))
    values = np.pad(raster.values, ((0, 0), *padding), mode="reflect")
    maps = frozen.encode(values, np.pad(raster.valid, padding, mode="reflect"))[:, 16:32, 16:48]
    np.testing.assert_allclose(made, segment_means(maps, IDS.astype(np.int32), 8), rtol=1e-4, atol=1e-5)


def test_encode_without_a_margin_sees_a_chip_and_nothing_round_it(tmp_path: Path) -> None:
    made = encoded(tmp_path, "chips.margin=0")
    given = segmented(tmp_path, *UNET, "chips.margin=0")
    frozen = FrozenEncoder(load_encoder(given.workspace, given.options.encoder), CPU)
    raster = given.opened.read_square(given.opened.chips[0])
    maps = frozen.encode(raster.values, raster.valid)
    expected = segment_means(maps, IDS[:, :16].astype(np.int32), 4)
    np.testing.assert_array_equal(made[:4], expected.astype(np.float32))


def test_a_chip_that_is_a_whole_scene_has_no_margin(tmp_path: Path) -> None:
    given = context(tmp_path, *UNET, "chips.margin=16", scenes=[squares()])
    assert _encode_task(given, CPU).margin == 16
    assert _chips(given, planned_encoder(given.options, given.opened)).margin == 16
    single = replace(given, opened=Opened(given.opened.scenes, cut(given.opened.scenes, size=32), 32))
    assert _chips(single, planned_encoder(single.options, single.opened)).margin == 0


@pytest.mark.parametrize("name", ["bands", "autoencoder"])
def test_encoders_of_bands_have_no_margin(tmp_path: Path, name: str) -> None:
    assert _encode_task(context(tmp_path, f"encoder={name}", "chips.margin=16"), CPU).margin == 0


MEASURED = (*UNET, "trainer.precision=measured")


def test_the_precision_that_was_measured_is_recorded_and_kept_on_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = segmented(tmp_path, *MEASURED)
    for stage in (target, encoder):
        stage(given)
    monkeypatch.setattr(encode_stage, "chosen_precision", lambda *_: Measured("bf16", 2.0, 1.0))
    assert encode(given)["precision"] == "bf16"
    assert read_json(tmp_path / "models" / "encode.json")["float32_seconds"] == 2.0
    assert chosen_hardware(given.workspace, Hardware()).precision == "bf16"
    assert chosen_hardware(given.workspace, CPU) == CPU, "what the user said counts"
    rounded = np.load(tmp_path / "embeddings" / "encoder.npy")
    monkeypatch.setattr(encode_stage, "chosen_precision", lambda *_: Measured("float32", 1.0, 2.0))
    assert encode(given)["precision"] == "bf16", "blocks of an interrupted run are in it"
    np.testing.assert_array_equal(np.load(tmp_path / "embeddings" / "encoder.npy"), rounded)
    (tmp_path / "work" / "precision.json").unlink()
    assert encode(given)["precision"] == "float32"
    assert not np.array_equal(np.load(tmp_path / "embeddings" / "encoder.npy"), rounded)


def test_scenes_that_are_added_are_encoded_as_those_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode_stage, "chosen_precision", lambda *_: Measured("bf16", 2.0, 1.0))
    before = tmp_path / "before"
    given = segmented(before, *MEASURED)
    for stage in (target, encoder, encode):
        stage(given)
    monkeypatch.setattr(encode_stage, "chosen_precision", lambda *_: Measured("float32", 1.0, 2.0))
    again = replace(segmented(tmp_path / "again", *MEASURED), known=before)
    for stage in (target, encoder):
        stage(again)
    assert encode(again)["precision"] == "bf16"


def test_bands_are_never_rounded_by_a_measurement(tmp_path: Path) -> None:
    given = segmented(tmp_path, "trainer.precision=measured")
    for stage in (target, encoder):
        stage(given)
    assert "precision" not in encode(given)
    assert not (tmp_path / "models" / "encode.json").exists()
