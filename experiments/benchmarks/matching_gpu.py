"""The batched solver on a GPU, against scipy and against our solver on one core.

    python -m experiments.benchmarks.matching_gpu [NODES.npy COUNTS.npy]

Nodes are drawn from clusters, as many as of a chip of the tile; or they are read: (N, D) float32 of chips one after
the other, and the number of nodes of each (P,). Seconds of the GPU are those on the wall, from nodes in memory to
similarities, what it leaves to the CPU included. Where there is no GPU, nothing is measured.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from experiments.benchmarks.matching import drawn, ours, peer
from experiments.benchmarks.record import Value, record
from rsgraph.matchers.batched import assign_pairs
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.types import Floats

CHIPS, NODES, FEATURES, CLUSTERS = 256, 500, 64, 20
SAMPLE, PAIRS = 200, 4096


def main(words: Sequence[str]) -> None:
    """Measure, print and record."""
    if not torch.cuda.is_available():
        print("torch finds no CUDA GPU on this machine: nothing was measured")
        return
    sets = {"random clustered nodes": unit_chips(clustered())}
    if len(words) == 2:
        sets[Path(words[0]).name] = unit_chips(StoredChips(Path(words[0]), np.load(words[1])))
    with threadpool_limits(1):
        rows = [measure(title, chips, tolerance) for title, chips in sets.items() for tolerance in (0.0, 1e-3)]
    for row in rows:
        print(", ".join(f"{name} {value}" for name, value in row.items()))
    record("matching_gpu", rows)


def clustered() -> list[Floats]:
    """Draw chips, each with clusters in shares of its own and about as many nodes as the tile's."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLUSTERS, FEATURES))
    chips = []
    for _ in range(CHIPS):
        count = int(rng.integers(NODES * 9 // 10, NODES * 11 // 10))
        chosen = rng.choice(CLUSTERS, count, p=rng.dirichlet(np.full(CLUSTERS, 0.5)))
        chips.append((centres[chosen] + 0.3 * rng.normal(size=(count, FEATURES))).astype(np.float32))
    return chips


def measure(title: str, chips: UnitChips, tolerance: float) -> dict[str, Value]:
    """Solve pairs on the GPU, and a sample of them by scipy and by our solver on one core."""
    pairs = drawn(len(chips), PAIRS)
    ours(chips, pairs[:2], tolerance)
    assign_pairs(chips, pairs[:8], device="cuda", tolerance=tolerance)
    started = time.perf_counter()
    found = assign_pairs(chips, pairs, device="cuda", tolerance=tolerance)
    seconds = (time.perf_counter() - started) / PAIRS
    peer_s, truth = peer(chips, pairs[:SAMPLE])
    core_s, _, _ = ours(chips, pairs[:SAMPLE], tolerance)
    return {
        "work": f"full matrix on {torch.cuda.get_device_name()}, tolerance {tolerance}, {title}",
        "pairs": PAIRS,
        "ours_s": round(seconds * PAIRS, 3),
        "peer_s": round(peer_s * PAIRS, 1),
        "ratio": round(peer_s / seconds, 1),
        "our_core_s": round(core_s * PAIRS, 1),
        "left_to_cpu": found.left,
        "largest_error": float(f"{np.abs(found.similarities[:SAMPLE] - truth).max():.3g}"),
        "note": f"wall seconds on the GPU; peer scipy and our_core_s on one core, extrapolated from {SAMPLE} pairs",
    }


if __name__ == "__main__":
    main(sys.argv[1:])
