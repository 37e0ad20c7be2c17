"""Chips per second of the U-Net as rsgraph runs it, against the same network in plain float32 NCHW.

``python -m experiments.benchmarks.unet_inference`` (about two minutes on two cores; OMP_NUM_THREADS=1 for one)

Where the CPU has bfloat16 instructions the encoder uses them, and the aim is 2.5 times the chips per second.
Where it has none, what is left is the memory layout and the folded normalisation. The bound is the time that the
mere multiplications and additions take at the speed of a large float32 matrix product, measured in the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from experiments.benchmarks.record import Value, best_seconds, record
from rsgraph.encoders.unet import UNet
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.modules import EncoderModule, encoder_module, laid_out
from rsgraph.training.options import Hardware, cpu_bfloat16_flags, describe

SEED = 0
BANDS, CLASSES, SIDE = 12, 8, 256
AIM = 2.5
CPU = Hardware(accelerator="cpu")


def module(width: int) -> EncoderModule:
    """Build the U-Net with normalisations that have seen a chip."""
    made = encoder_module(UNet(width=width), n_bands=BANDS, n_classes=CLASSES, seed=SEED)
    made.train()
    with torch.no_grad():
        made(torch.randn(1, BANDS, SIDE, SIDE))
    return made.eval()


def chips(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw reflectances (n, bands, side, side), all valid."""
    rng = np.random.default_rng(SEED)
    return rng.random((n, BANDS, SIDE, SIDE), dtype=np.float32), np.ones((n, SIDE, SIDE), dtype=bool)


def plain(network: EncoderModule, values: np.ndarray) -> np.ndarray:
    """Encode as a textbook would: float32, channels first, nothing folded."""
    with torch.inference_mode():
        bands = torch.from_numpy(values)
        return network((bands - network.mean[:, None, None]) / network.std[:, None, None])[0].numpy()


def threads() -> str:
    """Say how many CPU threads there are."""
    n = torch.get_num_threads()
    return f"{n} thread{'s' if n > 1 else ''}"


def matmul_flops_per_second() -> float:
    """Measure what this machine reaches in a large float32 matrix product."""
    n = 2048
    a, b = torch.randn(n, n), torch.randn(n, n)
    return 2 * n**3 / best_seconds(lambda: a @ b, rounds=5)[0]


def flops(network: EncoderModule) -> int:
    """Count the multiplications and additions of one chip."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, BANDS, SIDE, SIDE))
    return int(counter.get_total_flops())


def inference(width: int, rounds: int) -> dict[str, Value]:
    """Time inference of one chip, ours and plain in turns."""
    network = module(width)
    frozen = FrozenEncoder(network, CPU)
    values, valid = chips(1)
    difference = np.abs(frozen.encode_batch(values, valid) - plain(network, values)).max()
    ours, peer = best_seconds(
        lambda: frozen.encode_batch(values, valid), lambda: plain(network, values), rounds=rounds
    )
    bound = flops(network) / matmul_flops_per_second()
    flags = cpu_bfloat16_flags()
    aim = f"aim {AIM}x: {'met' if peer / ours >= AIM else 'missed'}" if flags else f"aim of {AIM}x needs bfloat16"
    precision = "bfloat16" if flags else "float32, since the CPU has no bfloat16 instructions"
    return {
        "work": f"inference, U-Net of width {width}, one chip {BANDS} x {SIDE} x {SIDE}, {threads()}",
        "ours_s": round(ours, 4),
        "peer_s": round(peer, 4),
        "ratio": round(peer / ours, 2),
        "bound_s": round(bound, 4),
        "bound_ratio": round(peer / bound, 2),
        "max_error": f"{difference:.1e}",
        "note": f"ours: {precision}, channels-last, normalisation folded; peer: plain float32 NCHW; {aim}; "
        "bound: its multiply-adds at the speed of a float32 matrix product; shared machine",
    }


def training(width: int, rounds: int) -> dict[str, Value]:
    """Time one step of training per chip, channels first against channels last, in float32."""
    batch = 2
    given = torch.from_numpy(chips(batch)[0])

    def step(layout: torch.memory_format) -> Callable[[], None]:
        network = laid_out(module(width).train(), layout)
        bands = given.contiguous(memory_format=layout)

        def run() -> None:
            _, logits = network(bands)
            logits.square().mean().backward()

        return run

    first, last = best_seconds(step(torch.contiguous_format), step(torch.channels_last), rounds=rounds)
    return {
        "work": f"training step per chip, U-Net of width {width}, batch of {batch}, float32, {threads()}",
        "ours_s": round(first / batch, 4),
        "peer_s": round(last / batch, 4),
        "ratio": round(last / first, 2),
        "note": "ours: channels first (what training uses in float32 on a CPU); peer: channels last; shared machine",
    }


def main() -> None:
    torch.manual_seed(SEED)
    print(describe(CPU))
    rows = []
    for measure, (width, rounds) in product((inference, training), ((16, 20), (64, 4))):
        rows.append(measure(width, rounds))
        print("{work}: {ours_s} s, peer {peer_s} s, ratio {ratio}\n  {note}".format(**rows[-1]))
    print(record("unet_inference", rows, seed=SEED))


if __name__ == "__main__":
    main()
