"""The encoder's training: the loss of section 2.4, augmentation that keeps pixels together, and learning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from rsgraph.errors import NotUsable
from rsgraph.training import encoder
from rsgraph.training.encoder import (
    held_out_blocks,
    rotated,
    segmentation_loss,
    segmentation_sums,
    split,
    statistics_momentum,
    training_layout,
)
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.options import EncoderOptions, Hardware
from rsgraph.types import Mask
from tests.training.chips import CPU, STD, TinyChips, memberships, same_weights, tiny_module, train


def test_segmentation_loss_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 9.0]], [[np.log(3.0), -9.0]]]])  # sigmoid 0.5 and 0.75 in the pixel that counts
    target = torch.tensor([[[[1.0, 0.3]], [[0.25, 0.7]]]])
    bce, dice = segmentation_loss(*segmentation_sums(logits, target, torch.tensor([[[1.0, 0.0]]])))
    crosses = [-np.log(0.5), -(0.25 * np.log(0.75) + 0.75 * np.log(0.25))]
    overlaps = [(2 * 0.5 + 1) / (1.5 + 1), (2 * 0.75 * 0.25 + 1) / (1.0 + 1)]
    assert float(bce) == pytest.approx(np.mean(crosses), rel=1e-5)
    assert float(dice) == pytest.approx(np.mean(overlaps), rel=1e-5)


def test_segmentation_loss_is_finite_without_a_pixel() -> None:
    bce, dice = segmentation_loss(
        *segmentation_sums(torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2))
    )
    assert (float(bce), float(dice)) == (0.0, 1.0)


def test_segmentation_loss_is_lowest_for_the_right_hard_classes() -> None:
    target = torch.zeros(1, 2, 4, 4)
    target[:, 0, :2] = 1
    target[:, 1, 2:] = 1
    bce, dice = segmentation_loss(*segmentation_sums((target - 0.5) * 40, target, torch.ones(1, 4, 4)))
    assert float(bce) < 1e-6
    assert float(dice) == pytest.approx(1, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(valid=arrays.arrays(np.bool_, arrays.array_shapes(min_dims=2, max_dims=2, max_side=70)))
def test_held_out_blocks_leave_valid_pixels_on_both_sides_where_two_parts_exist(valid: Mask) -> None:
    held_out = held_out_blocks(valid)
    assert held_out.shape == valid.shape
    fine = held_out_blocks(valid, 1)
    if (valid & fine).any() and (valid & ~fine).any():
        assert (valid & held_out).any()
        assert (valid & ~held_out).any()


def test_held_out_blocks_are_a_quarter_in_every_row_and_column_of_blocks() -> None:
    held_out = held_out_blocks(np.ones((256, 256), dtype=np.bool_))
    blocks = held_out.reshape(8, 32, 8, 32)
    assert (blocks.all((1, 3)) == blocks.any((1, 3))).all()
    assert (blocks.all((1, 3)).sum(1) == 2).all()


def test_split_holds_chips_out_only_where_they_have_pixels() -> None:
    chips = TinyChips(5)
    assert split(chips) == ([0, 1, 2, 4], [3])
    chips.valid[3][:] = False
    assert split(chips) == ([0, 1, 2, 4], [])
    with pytest.raises(NotUsable, match=r"no chip to train on: 0 chips, 0 of them held out"):
        split(TinyChips(0))


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_rotated_moves_bands_and_classes_alike(quarter_turns: int) -> None:
    chips = TinyChips(1)
    bands, _ = chips.read(0)
    classes = memberships(bands.reshape(3, -1).T).T.reshape(2, 16, 16)
    moved = rotated(bands, quarter_turns)
    again = memberships(moved.reshape(3, -1).T).T.reshape(2, 16, 16)
    np.testing.assert_array_equal(again, rotated(classes, quarter_turns))
    assert moved.flags.c_contiguous


def _dataset(chips: TinyChips, *, held_out_pixels: bool = False, **options: float) -> encoder._Chips:
    made = EncoderOptions(max_epochs=1, **options)  # type: ignore[arg-type]  # a bool and a float by name
    return encoder._Chips(
        chips, memberships, made, std=STD.astype(np.float32), seed=0, held_out_pixels=held_out_pixels
    )


def test_chips_are_augmented_by_nothing_but_seed_epoch_and_chip() -> None:
    one, other = _dataset(TinyChips()), _dataset(TinyChips())
    _ = other[0, 2]
    for key in [(0, 1), (3, 1), (3, 2)]:
        for a, b in zip(one[key], other[key], strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0, 1][0], one[1, 1][0])


def test_chips_noise_has_the_bands_scale_and_validation_has_none() -> None:
    chips = TinyChips(1, side=64)
    data = _dataset(chips, rotation=False, noise=0.5)
    np.testing.assert_array_equal(data[-1, 0][0], chips.values[0])
    np.testing.assert_allclose((data[0, 0][0] - chips.values[0]).std((1, 2)), 0.5 * STD, rtol=0.05)


def test_chips_turn_about_equally_often_each_way() -> None:
    chips = TinyChips(1)
    data = _dataset(chips, noise=0.0)
    ways = [
        next(k for k in range(4) if np.array_equal(data[e, 0][0], rotated(chips.values[0], k))) for e in range(200)
    ]
    assert np.bincount(ways, minlength=4).min() > 30


def test_chips_held_out_pixels_are_seen_either_in_training_or_in_validation() -> None:
    chips = TinyChips(1, side=64)
    chips.valid[0][:10] = False
    data = _dataset(chips, held_out_pixels=True, rotation=False)
    training, validation = data[0, 0][3], data[-1, 0][3]
    np.testing.assert_array_equal(training + validation, chips.valid[0].astype(np.float32))
    assert 0 < validation.sum() < training.sum()


def _with_margin(*, held_out_pixels: bool) -> encoder._Chips:
    """One chip of 64 pixels in a window of 96; the first ten columns belong to a chip that is held out."""
    spared = np.arange(96) < np.full((96, 1), 10)
    own = slice(16, 80), slice(16, 80)
    return encoder._Chips(
        TinyChips(1, side=96),
        memberships,
        EncoderOptions(max_epochs=1, rotation=False),
        std=STD.astype(np.float32),
        seed=0,
        held_out_pixels=held_out_pixels,
        own=lambda i: own,
        spared=lambda i: spared,
    )


def test_chips_with_a_margin_train_on_all_that_is_not_held_out_and_validate_on_their_own() -> None:
    data = _with_margin(held_out_pixels=False)
    training, validation = data[0, 0][3], data[-1, 0][3]
    assert not training[:, :10].any()
    assert training[:, 10:].all()
    assert validation[16:80, 16:80].all()
    assert validation.sum() == 64 * 64


def test_chips_with_a_margin_hold_the_neighbours_blocks_out_too() -> None:
    data = _with_margin(held_out_pixels=True)
    training, validation = data[0, 0][3], data[-1, 0][3]
    inside = slice(16, 80), slice(16, 80)
    assert (training + validation)[inside].tolist() == np.ones((64, 64)).tolist()
    assert validation.sum() == validation[inside].sum() > 0
    np.testing.assert_array_equal(training[16:80, 80:], training[16:80, 16:32])  # the next chip, if it is cut alike


def test_split_looks_only_at_a_chip_s_own_pixels() -> None:
    chips = TinyChips(4, side=32)
    chips.valid[3][8:24, 8:24] = False
    assert encoder.split(chips)[1] == [3]
    assert encoder.split(chips, lambda i: (slice(8, 24), slice(8, 24)))[1] == []


def test_chips_are_kept_only_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    chips = TinyChips(2)
    size = 16 * 16 * (3 * 4 + 1 + 2 * 4)
    monkeypatch.setattr(encoder, "CACHE_BYTES", size)
    data = _dataset(chips)
    for i in (0, 1, 0):
        _ = data[-1, i]
    assert list(data.kept) == [0]
    assert data.free == 0


def test_train_encoder_learns_the_classes_of_new_chips(tmp_path: Path) -> None:
    module, chips = tiny_module(), TinyChips(8)
    options = EncoderOptions(max_epochs=20, batch_size=2, learning_rate=0.02, noise=0.0)
    history = train(module, tmp_path, chips=chips, options=options)
    assert history.epochs[history.best_epoch]["val_loss"] < history.epochs[0]["val_loss"] - 0.2
    bands, valid = chips.read(7)
    maps = torch.from_numpy(FrozenEncoder(module, CPU).encode(bands, valid))
    with torch.no_grad():
        predicted = torch.sigmoid(module.network.head(maps[None]))[0, 0].numpy()
    wanted = memberships(bands.reshape(3, -1).T)[:, 0]
    assert np.corrcoef(predicted.ravel(), wanted)[0, 1] > 0.95


def test_train_encoder_history_is_complete_and_best_weights_are_kept(tmp_path: Path) -> None:
    module = tiny_module()
    history = train(module, tmp_path)
    assert [epoch["epoch"] for epoch in history.epochs] == [0, 1, 2]
    assert set(history.epochs[0]) == {"epoch", "train_loss", "val_loss", "bce", "dice", "seconds"}
    for epoch in history.epochs:
        assert epoch["val_loss"] == pytest.approx(epoch["bce"] + 1 - epoch["dice"], abs=1e-6)
    chips = TinyChips()
    bands, valid = chips.read(3)
    scaled = module.standardise(torch.from_numpy(bands)[None], torch.from_numpy(valid)[None])
    target = torch.from_numpy(memberships(bands.reshape(3, -1).T).T.reshape(1, 2, 16, 16))
    with torch.no_grad():
        bce, dice = segmentation_loss(*segmentation_sums(module(scaled)[1], target, torch.ones(1, 16, 16)))
    assert float(bce + 1 - dice) == pytest.approx(min(epoch["val_loss"] for epoch in history.epochs), abs=1e-5)


def test_train_encoder_holds_pixels_out_where_no_chip_can_be_spared(tmp_path: Path) -> None:
    history = train(tiny_module(), tmp_path, chips=TinyChips(1, test=False))
    assert all(np.isfinite(epoch["val_loss"]) for epoch in history.epochs)
    assert history.epochs[0]["val_loss"] != pytest.approx(history.epochs[0]["train_loss"], abs=1e-4)


def test_train_encoder_validation_does_not_depend_on_the_batch_size(tmp_path: Path) -> None:
    losses = []
    for size in (1, 3):
        chips = TinyChips(16)
        chips.valid[3][4:] = False  # a chip of few pixels must not count as much as a whole one
        options = EncoderOptions(max_epochs=1, batch_size=size, learning_rate=1e-30)
        module = tiny_module()
        module.requires_grad_(True)
        losses.append(train(module, tmp_path / str(size), chips=chips, options=options).epochs[0])
    assert losses[0]["bce"] == pytest.approx(losses[1]["bce"], rel=0.05)


def test_train_encoder_in_bfloat16_gives_float32_weights_close_to_those_of_float32(tmp_path: Path) -> None:
    one, other = tiny_module(), tiny_module()
    train(one, tmp_path / "a")
    hardware = Hardware(accelerator="cpu", precision="bf16", threads=1)
    train(other, tmp_path / "b", hardware=hardware)
    assert all(p.dtype == torch.float32 for p in other.parameters())
    assert not same_weights(one, other)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=0.02, rtol=0.1)


def test_statistics_momentum_makes_a_plain_mean_then_a_moving_one() -> None:
    values = np.random.default_rng(0).normal(size=12)
    running = 99.0
    for i, value in enumerate(values):
        momentum = statistics_momentum(0.1, i)
        assert momentum is not None
        running += momentum * (value - running)
        if i < 10:
            assert running == pytest.approx(values[: i + 1].mean())
    assert running == pytest.approx(0.81 * values[:10].mean() + 0.09 * values[10] + 0.1 * values[11])
    assert statistics_momentum(None, 3) is None


def test_train_encoder_running_statistics_are_those_of_the_last_epoch(tmp_path: Path) -> None:
    module = tiny_module()
    options = EncoderOptions(max_epochs=1, batch_size=3, learning_rate=1e-30, noise=0.0, rotation=False)
    train(module, tmp_path, options=options)
    assert {part.momentum for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d)} == {0.1}
    chips = TinyChips()
    scaled = (torch.from_numpy(np.stack(chips.values[:3])) - module.mean[:, None, None]) / module.std[:, None, None]
    first = module.network.down[0][0](scaled).detach()
    torch.testing.assert_close(module.network.down[0][1].running_mean, first.mean((0, 2, 3)), atol=1e-5, rtol=1e-4)


def test_training_layout_is_channels_last_only_where_it_is_faster() -> None:
    assert training_layout(CPU) is torch.contiguous_format
    assert training_layout(Hardware(accelerator="cpu", precision="bf16")) is torch.channels_last
