from __future__ import annotations

import numpy as np
import pytest
import torch

from rsgraph.encoders.unet import UNet
from rsgraph.training import options, precision
from rsgraph.training.modules import encoder_module
from rsgraph.training.options import Hardware
from rsgraph.training.precision import Measured, chosen_precision

CPU = Hardware(accelerator="cpu", threads=1)
CHIP, VALID = np.zeros((3, 16, 16), dtype=np.float32), np.ones((16, 16), dtype=np.bool_)


def _chosen(monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], float32: float, bf16: float) -> Measured:
    """Choose where a chip takes these seconds by the clock."""
    module = encoder_module(UNet(width=2, depth=2), n_bands=3, n_classes=2)
    monkeypatch.setattr(options, "cpu_bfloat16_flags", lambda: flags)
    times = {torch.float32: float32, torch.bfloat16: bf16}

    class Frozen(precision.FrozenEncoder):
        def encode(self, values: np.ndarray, valid: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            clock[0] += times[self.dtype]
            return super().encode(values, valid)

    clock = [0.0]
    monkeypatch.setattr(precision, "FrozenEncoder", Frozen)
    monkeypatch.setattr(precision.time, "thread_time", lambda: clock[0])
    return chosen_precision(module, CHIP, VALID, CPU)


def test_bfloat16_is_chosen_where_a_chip_takes_clearly_less_time_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _chosen(monkeypatch, ("amx_bf16",), 2.0, 1.0)
    assert found == Measured("bf16", pytest.approx(2.0), pytest.approx(1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize(("float32", "bf16"), [(1.0, 1.0), (1.0, 0.8), (1.0, 3.0), (0.01, 0.001)])
def test_float32_stays_where_the_gain_is_small(monkeypatch: pytest.MonkeyPatch, float32: float, bf16: float) -> None:
    assert _chosen(monkeypatch, ("avx512_bf16",), float32, bf16).precision == "float32"


def test_without_instructions_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _chosen(monkeypatch, (), 2.0, 1.0) == Measured("float32")


def test_a_choice_is_the_same_once_written_and_read() -> None:
    assert Measured(**Measured("bf16", 2.0, 1.0).to_json()) == Measured("bf16", 2.0, 1.0)
