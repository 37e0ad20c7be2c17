"""Means of 64 maps over the segments of a chip, against ``scipy.ndimage.mean`` map by map.

``python -m experiments.benchmarks.segment_statistics``
"""

from __future__ import annotations

import numpy as np
import rasterio
from numba import njit
from scipy import ndimage

from experiments.benchmarks.places import real_scene
from experiments.benchmarks.record import best_seconds, record
from rsgraph.components import build
from rsgraph.graphs.features import segment_means

SEED = 0
MAPS = 64
SCENE = "t18svg_20160112_l1c_20m.tif"


@njit(nogil=True, fastmath=True)
def read_once(values):  # type: ignore[no-untyped-def]  # numba
    """Add up all values in vector registers: what reading them costs at least."""
    total = np.float32(0)
    for index in range(values.size):
        total += values[index]
    return total


def real_labels():  # type: ignore[no-untyped-def]  # (rows, columns) int32 and their number
    """Return the SLIC segments of a chip of the Virginia coast."""
    with rasterio.open(real_scene(SCENE)) as file:
        values = file.read(window=((256, 512), (256, 512))).astype(np.float32) / 10_000
    valid = np.ones(values.shape[1:], dtype=bool)
    found = build("segmenter", name="slic").segment(values, valid, chip_pixels=valid.size)
    return found.labels, found.n_segments


def measure(given, labels, n, layout: str):  # type: ignore[no-untyped-def]  # rows for record
    """Time one memory layout: each work by itself (the maps stay in the cache, as just written), and in turns."""
    numbers = np.arange(1, n + 1)
    expected = np.stack([ndimage.mean(one, labels, numbers) for one in given], axis=1)
    error = np.abs(segment_means(given, labels, n) - expected).max()
    assert error < 1e-6, error
    plain, flat = np.ascontiguousarray(given), np.ascontiguousarray(given).reshape(-1)
    works = (
        lambda: segment_means(given, labels, n),
        lambda: [ndimage.mean(one, labels, numbers) for one in plain],
        lambda: read_once(flat),
    )
    separate = [best_seconds(work, rounds=rounds)[0] for work, rounds in zip(works, (200, 20, 200), strict=True)]
    for state, seconds in (("maps in cache", separate), ("maps in memory", best_seconds(*works, rounds=30))):
        ours, peer, bound = seconds
        work = f"means of {MAPS} maps over {n} segments of 256 x 256 pixels, {layout}, {state}"
        print(f"{work}: {ours * 1e3:.2f} ms, scipy {peer * 1e3:.1f} ms, {peer / ours:.0f} times faster")
        print(f"  mere reading takes {bound * 1e3:.2f} ms: at most {peer / bound:.0f} times is possible")
        yield {
            "work": work,
            "ours_s": round(ours, 6),
            "peer_s": round(peer, 6),
            "ratio": round(peer / ours, 1),
            "bound_s": round(bound, 6),
            "bound_ratio": round(peer / bound, 1),
            "max_error": f"{error:.1e}",
            "note": "two threads; peer: scipy.ndimage.mean per map; bound: reading the maps once by one thread",
        }


def main() -> None:
    labels, n = real_labels()
    maps = np.random.default_rng(SEED).normal(0, 1, (MAPS, *labels.shape)).astype(np.float32)
    beside = np.moveaxis(np.ascontiguousarray(np.moveaxis(maps, 0, -1)), -1, 0)
    rows = [
        row
        for layout, given in (("channels_last", beside), ("one map after the other", maps))
        for row in measure(given, labels, n, layout)
    ]
    print(record("segment_statistics", rows, seed=SEED))


if __name__ == "__main__":
    main()
