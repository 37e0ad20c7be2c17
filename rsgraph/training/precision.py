"""Float32 or bfloat16 for inference: both are measured on a chip."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.modules import EncoderModule
from rsgraph.training.options import Hardware, device_type, has_bfloat16
from rsgraph.types import Floats, Mask

ROUNDS = 3
"""Times that a chip is encoded in each; the fastest counts, since whatever disturbs only takes longer."""

GAIN, WORTH = 1.5, 0.02
"""How many times as fast bfloat16 must be, and seconds that a chip must take in float32: less is not worth its
rounding, nor clear enough for another measurement to come out the same. The U-Net of width 16 takes 0.09 s, and half
of that in bfloat16, on a CPU with avx512_bf16."""


@dataclass(frozen=True)
class Measured:
    """What inference computes in.

    Parameters
    ----------
    precision
        That was chosen.
    float32_seconds, bf16_seconds
        Of one chip; None: there was nothing to choose from.
    """

    precision: Literal["bf16", "float32"]
    float32_seconds: float | None = None
    bf16_seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what ``Measured(**...)`` takes."""
        return asdict(self)


def chosen_precision(module: EncoderModule, values: Floats, valid: Mask, hardware: Hardware) -> Measured:
    """Choose what a trained encoder is applied in, by encoding a chip (bands, rows, columns) in both.

    Float32 unless bfloat16 is ``GAIN`` times as fast, and a chip takes ``WORTH`` seconds; without a measurement where
    the device only emulates it. On a CPU the time of the thread is taken, which other programs do not change much:
    ``hardware`` should have one.
    """
    if not has_bfloat16(hardware):
        return Measured("float32")
    clock = time.thread_time if device_type(hardware) == "cpu" and hardware.threads == 1 else time.perf_counter
    float32 = _seconds(FrozenEncoder(module, replace(hardware, precision="float32")), values, valid, clock)
    bf16 = _seconds(FrozenEncoder(module, replace(hardware, precision="bf16")), values, valid, clock)
    faster = float32 >= WORTH and bf16 * GAIN <= float32
    precision: Literal["bf16", "float32"] = "bf16" if faster else "float32"
    return Measured(precision, float32, bf16)


def _seconds(frozen: FrozenEncoder, values: Floats, valid: Mask, clock: Callable[[], float]) -> float:
    """Return the seconds of the fastest of several rounds; the first one only warms up."""
    frozen.encode(values, valid)
    seconds = []
    for _ in range(ROUNDS):
        started = clock()
        frozen.encode(values, valid)
        seconds.append(clock() - started)
    return min(seconds)
