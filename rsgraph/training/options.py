"""Options of training, and the choice of device and precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from rsgraph.devices import may_have_gpu
from rsgraph.errors import ConfigError

Precision = Literal["measured", "auto", "bf16", "float32"]
Strategy = Literal["auto", "ddp"]
Budget = int | Literal["full"]
"""Passes of chips of 256 x 256 that all training together is bounded by, or as many as it takes."""
_BF16_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class TrainingOptions:
    """Duration and step sizes of a training.

    Parameters
    ----------
    max_epochs
        Most passes over the training data.
    patience
        Stop after this many epochs in which the validation loss did not fall; the paper has 15.
    learning_rate
        Step of AdamW. Too large is unsteady or diverges, too small takes longer; wide networks want smaller ones.
    batch_size
        Chips (or graphs) per step. Small scenes gain from many small steps.
    weight_decay
        AdamW's; 0 is plain Adam.

    Raises
    ------
    ConfigError
        A count is below 1, the learning rate not above 0, or the weight decay negative.

    Notes
    -----
    The paper names no optimiser, rate or batch. Measured on 9 chips of a real scene (t33uub, 7 train), validation
    loss after 25 epochs of the U-Net of width 16, depth 4: 1.19 (rate 0.001, batch 4), 0.99 (0.003, 4),
    0.85 (0.003, 2), 0.77 (0.005, 2), 0.76 (0.01, 2, unsteady). Width 64, depth 5, reached 0.90 after 6 epochs at
    0.002. The GCN on the same scene (entropy of its targets 1.29): 1.71 after 182 epochs at 0.005, batch 2, and
    1.71 after 62 at 0.01; at 0.001 it was still falling after 200.
    """

    max_epochs: int
    patience: int = 15
    learning_rate: float = 2e-3
    batch_size: int = 2
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name in ("max_epochs", "patience", "batch_size"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"`{name}` must be at least 1. Got {value} instead.")
        if not self.learning_rate > 0:
            raise ConfigError(f"`learning_rate` must be above 0. Got {self.learning_rate} instead; try 0.002.")
        if not self.weight_decay >= 0:
            raise ConfigError(f"`weight_decay` must be at least 0. Got {self.weight_decay} instead; try 0.")


@dataclass(frozen=True)
class EncoderOptions(TrainingOptions):
    """Training of the encoder: the options of :class:`TrainingOptions`, and augmentation.

    Parameters
    ----------
    learning_rate
        Of AdamW; by default what suits the U-Net of width 16. 0.002 suits width 64.
    rotation
        Turn each training chip by 0, 90, 180 or 270 degrees, drawn anew in each epoch. The paper says "random
        rotation"; multiples of 90 degrees need no interpolation, which would invent memberships.
    noise
        Standard deviation of the Gaussian noise added to training chips, in standard deviations of each band;
        the paper has noise but not how much.

    Raises
    ------
    ConfigError
        ``noise`` is negative, or as for TrainingOptions.
    """

    rotation: bool = True
    learning_rate: float = 5e-3
    noise: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.noise >= 0:
            raise ConfigError(f"`noise` must be at least 0. Got {self.noise} instead; try 0.05.")


@dataclass(frozen=True)
class Hardware:
    """Device, precision, and number of processes and threads.

    Parameters
    ----------
    accelerator
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``gpu`` or ``mps``.
    devices
        Number of devices that train together: GPUs, or processes on the CPU. Each takes ``batch_size`` chips per
        step, so that two learn as one would with twice the batch size; the learning rate stays as it is.
    strategy
        How several devices train: ``ddp``, Lightning's distributed data parallel (``auto`` is the same): one process
        per device. One device needs none.
        A Python script that trains so must stand under ``if __name__ == "__main__":``, as its processes import it.
    precision
        ``measured``: training in float32; inference in bfloat16 where that is clearly faster, measured on a chip
        (``rsgraph.training.precision``). ``bf16`` or ``float32`` force one for both. ``auto``: bfloat16 autocast for
        both where the device has instructions for it; it was the default once.
    threads
        CPU threads, or None: torch's choice (one per core). Several processes divide them.

    Raises
    ------
    ConfigError
        ``precision`` is not one of the four, ``strategy`` not one of the two, ``threads`` or ``devices`` below 1.
    """

    accelerator: str = "auto"
    devices: int = 1
    strategy: Strategy = "auto"
    precision: Precision = "measured"
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.devices < 1:
            raise ConfigError(f"`devices` must be at least 1. Got {self.devices} instead.")
        for name, value, kind in (("strategy", self.strategy, Strategy), ("precision", self.precision, Precision)):
            if value not in get_args(kind):
                raise ConfigError(f"`{name}` must be one of: {', '.join(get_args(kind))}. Got '{value}' instead.")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"`threads` must be at least 1, or null. Got {self.threads} instead.")


def device_type(hardware: Hardware) -> str:
    """Choose ``cuda``, ``mps`` or ``cpu``. Raises ConfigError where the one asked for is not there."""
    if hardware.accelerator == "cpu" or (hardware.accelerator == "auto" and not may_have_gpu()):
        return "cpu"
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    wanted = {"auto": ["cuda", "mps", "cpu"], "gpu": ["cuda", "mps"]}.get(
        hardware.accelerator, [hardware.accelerator]
    )
    for device in wanted:
        if there.get(device, False):
            return device
    usable = ", ".join(["auto", *(name for name, found in there.items() if found)])
    raise ConfigError(
        f"`accelerator` must be one that this machine has: {usable}. Got '{hardware.accelerator}' instead."
    )


def describe_together(hardware: Hardware) -> str:
    """Say how many processes train together, or nothing.

    Examples
    --------
    >>> describe_together(Hardware(accelerator="cpu", devices=2))
    '2 processes train together: each step learns from twice the batch size.'

    Raises
    ------
    ConfigError
        So many devices are not there.
    """
    check_devices(hardware)
    times = "twice" if hardware.devices == 2 else f"{hardware.devices} times"
    together = f"{hardware.devices} processes train together: each step learns from {times} the batch size."
    return together if hardware.devices > 1 else ""


def check_devices(hardware: Hardware) -> None:
    """Raise ConfigError where fewer devices are there than are to train; processes on the CPU are always there."""
    device = device_type(hardware)
    there = _cuda_devices() if device == "cuda" else 1 if device == "mps" else hardware.devices
    if hardware.devices > there:
        raise ConfigError(
            f"`devices` must be at most {there}, what this machine has of {device}. Got {hardware.devices} "
            "instead; several processes on the CPU need trainer.accelerator=cpu."
        )


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count()


@cache
def cpu_bfloat16_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, ...]:
    """Return the bfloat16 instruction sets that the CPU has: some of ``avx512_bf16``, ``amx_bf16``."""
    if not cpuinfo.is_file():
        return ()
    words = set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    return tuple(flag for flag in _BF16_FLAGS if flag in words)


def uses_bfloat16(hardware: Hardware) -> bool:
    """Decide whether convolutions and products run in bfloat16; not where that is yet to be measured."""
    return hardware.precision == "bf16" or (hardware.precision == "auto" and has_bfloat16(hardware))


def has_bfloat16(hardware: Hardware) -> bool:
    """Tell whether the device has instructions for bfloat16; without them it is emulated, and slow."""
    device = device_type(hardware)
    if device == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and bool(cpu_bfloat16_flags())


def describe(hardware: Hardware) -> str:
    """Say in one sentence which device and precision are used, and why.

    Examples
    --------
    >>> describe(Hardware(accelerator="cpu", precision="float32"))
    'Computing on the CPU in float32 (as set by precision).'
    """
    device = device_type(hardware)
    names = {"cpu": "the CPU", "cuda": "the GPU", "mps": "the Apple GPU"}
    precision = "bfloat16 (autocast)" if uses_bfloat16(hardware) else "float32"
    return f"Computing on {names[device]} in {precision} ({_reason(hardware, device)})."


def _reason(hardware: Hardware, device: str) -> str:
    if hardware.precision in ("bf16", "float32"):
        return "as set by precision"
    if hardware.precision == "measured" and has_bfloat16(hardware):
        return "inference in bfloat16 where that is clearly faster"
    if device != "cpu":
        return "it has bfloat16" if has_bfloat16(hardware) else "it has no bfloat16"
    flags = cpu_bfloat16_flags()
    return f"it has {' and '.join(flags)}" if flags else "it has no bfloat16 instructions"
