"""The paper's four measures on 100 000 segments, against loops over scikit-image.

``python -m experiments.benchmarks.evaluation``.

A generated coast of 3840 x 3840 pixels and 12 bands is cut into 225 chips and SLIC segments (some 100 000); partners
are nearest neighbours in a made-up embedding. Ours is timed over everything: pixels to descriptors, descriptors to
the measures of the nearest pairs and of nine pairs each. The peer does what one would write first: crop two segments,
call scikit-image, go on to the next pair. The second peer keeps what scikit-image says of each segment and only
compares per pair. Both are timed on seeded samples and extrapolated; a row tells the standard error of that. Images
in grey are made beforehand for the peers, and in our time for us. All on one thread, in seconds of its processor:
what else the machine does counts for nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from experiments.benchmarks.record import Value, record
from rsgraph.components import build
from rsgraph.evaluation.context import context_measures, context_pairs, spatial_neighbours
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions, describe_chip
from rsgraph.evaluation.pairs import MEASURES, measure_pairs
from rsgraph.graphs.features import centroids
from rsgraph.neighbours.nearest import nearest
from rsgraph.types import Window
from tests.evaluation.scikit_image_loop import Images, compare, loop

SEED, SIDE, CHIP, DIMENSIONS = 0, 3840, 256, 60
PAIRS, CONTEXTS, QUERIES = 300, 20, 5000
"""Sampled: pairs for the peers' time, contexts (nine pairs each) for equality, queries of the nearest neighbour."""


@dataclass
class Coast:
    """Pixels (bands, rows, columns), labels 1 ... n over all of it, and its chips with how many segments each has."""

    values: NDArray[np.float32]
    labels: NDArray[np.int32]
    windows: list[Window]
    counts: list[int]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @property
    def n(self) -> int:
        """Return the number of segments."""
        return sum(self.counts)


def coast(side: int) -> Coast:
    """Generate the pixels and cut them into segments."""
    source = build("reader", name="synthetic", rows=side, columns=side, seed=SEED).open(None)[0].source
    values, labels = np.empty((12, side, side), np.float32), np.zeros((side, side), np.int32)
    windows = [Window(row, column, CHIP, CHIP) for row in range(0, side, CHIP) for column in range(0, side, CHIP)]
    slic, counts = build("segmenter", name="slic", n_segments=500), []
    for window in windows:
        part, raster = _part(window), source.read(window)
        found = slic.segment(raster.values, raster.valid, chip_pixels=CHIP * CHIP)
        values[:, part[0], part[1]] = raster.values
        labels[part] = np.where(found.labels > 0, found.labels + sum(counts), 0)
        counts.append(found.n_segments)
    low, high = np.percentile(values[:, ::8, ::8].reshape(12, -1), [2, 98], axis=1).astype(np.float32)
    return Coast(values, labels, windows, counts, low, high)


def _part(window: Window) -> tuple[slice, slice]:
    return slice(window.row, window.row + window.rows), slice(window.column, window.column + window.columns)


def describe(scene: Coast, options: MeasureOptions) -> Descriptors:
    """Describe all chips, one after the other, as a run would."""
    parts, first = [], 0
    for window, count in zip(scene.windows, scene.counts, strict=True):
        rows, columns = _part(window)
        own = np.where(scene.labels[rows, columns] > 0, scene.labels[rows, columns] - first, 0)
        values = scene.values[:, rows, columns]
        parts.append(describe_chip(values, own, count, low=scene.low, high=scene.high, options=options))
        first += count
    return Descriptors.joined(parts)


def embedding(descriptors: Descriptors) -> NDArray[np.float32]:
    """Make up vectors that vary with the spectra: (n, DIMENSIONS)."""
    rng = np.random.default_rng(SEED)
    mixed = (descriptors.sam - descriptors.sam.mean(axis=0)) @ rng.normal(size=(12, DIMENSIONS))
    return (mixed + 0.1 * rng.normal(size=mixed.shape)).astype(np.float32)


def seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def least_seconds(*works: Callable[[], object], rounds: int) -> list[float]:
    """Time several works in turns, after one round that does not count, and return the shortest time of each."""
    return [min(times) for times in zip(*([seconds(work) for work in works] for _ in range(rounds + 1)), strict=True)]


def each_seconds(works: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """Time several works and return the mean and its standard error."""
    times = np.array([seconds(work) for work in works])
    return float(times.mean()), float(times.std() / np.sqrt(len(times)))


@njit  # type: ignore[untyped-decorator]  # numba ships no types
def multiply_add(values, rounds):  # type: ignore[no-untyped-def]  # numba
    """Multiply and add in vector registers: what arithmetic costs at least. Two operations per value and round."""
    for _ in range(rounds):
        for index in range(values.size):
            values[index] = values[index] * 0.999 + 0.001


@njit  # type: ignore[untyped-decorator]  # numba ships no types
def read_once(values):  # type: ignore[no-untyped-def]  # numba
    total = np.float32(0)
    for index in range(values.size):
        total = max(total, values[index])
    return total


def bound(scene: Coast, options: MeasureOptions, box_pixels: float) -> tuple[float, str]:
    """Estimate what the hardware allows: operations at the measured rate of arithmetic, and every pixel read once."""
    cached = np.ones(2048)
    rate = 2 * 1000 * cached.size / least_seconds(lambda: multiply_add(cached, 1000), rounds=20)[0]
    reading = least_seconds(lambda: read_once(scene.values.reshape(-1)), rounds=3)[0]
    patterns = box_pixels * options.lbp_points * 11  # two interpolations along rows, one down, comparing, counting
    offsets = len(options.glcm_distances) * len(options.glcm_angles)
    windows = (options.ssim_side - options.ssim_window + 1) ** 2
    structure = 5 * 2 * (options.ssim_window - 1) * options.ssim_side**2 + 25 * windows
    operations = patterns + box_pixels * offsets * 4 + 10 * structure
    total = scene.n * operations / rate + reading
    return total, (
        f"{box_pixels:.0f} pixels per box; per segment {patterns / 1e3:.0f}k operations for LBP and "
        f"{structure / 1e3:.1f}k for each of ten SSIMs at {rate / 1e9:.1f}e9 per second, "
        f"and {scene.values.nbytes / 1e9:.2f} GB read once"
    )


def measures(scene: Coast, options: MeasureOptions) -> tuple[list[dict[str, Value]], NDArray[np.float32]]:
    """Time the measures at both levels, and check them against scikit-image."""
    descriptors = describe(scene, options)  # compiles, too
    vectors = embedding(descriptors)
    points, chip = centroids(scene.labels, scene.n), np.repeat(np.arange(len(scene.counts)), scene.counts)
    segments = np.arange(scene.n)
    partners = np.random.default_rng(SEED).permutation(scene.n)  # which pairs does not matter to the time
    nine = context_pairs(vectors, segments, partners, spatial_neighbours(points, chip))
    one = np.stack([segments, partners], axis=1)
    measure_pairs(descriptors, one[:10], options)
    describing = min(seconds(lambda: describe(scene, options)) for _ in range(2))
    feature = min(seconds(lambda: measure_pairs(descriptors, one, options)) for _ in range(2))
    around = min(seconds(lambda: context_measures(descriptors, nine, options)) for _ in range(2))
    print(f"{scene.n} segments: described in {describing:.1f} s, pairs {feature:.2f} s, nine pairs {around:.2f} s")
    return compare_with_peers(scene, options, descriptors, one, nine, describing + feature + around), vectors


def compare_with_peers(
    scene: Coast,
    options: MeasureOptions,
    descriptors: Descriptors,
    one: NDArray[np.int64],
    nine: NDArray[np.int64],
    ours: float,
) -> list[dict[str, Value]]:
    images, rng = Images(scene.values, scene.labels, scene.low, scene.high, options), np.random.default_rng(SEED)
    sample = rng.choice(scene.n, PAIRS, replace=False)
    error = equality(images, descriptors, one[sample], nine[sample[:CONTEXTS]], options)
    assert error < 1e-6, error
    per_pair, pair_error = each_seconds([lambda i=i: loop(images, one[[i]]) for i in sample])
    per_segment, segment_error = each_seconds([lambda i=i: images.described(i) for i in sample])
    kept = [(images.described(i), images.described(one[i, 1])) for i in sample]
    per_compared, compared_error = each_seconds([lambda k=k: compare(*k, options) for k in kept])
    pairs = scene.n + int((nine[..., 0] >= 0).sum())
    boxes = images.last - images.first + 1
    limit, how = bound(scene, options, float(boxes.prod(axis=1).mean()))
    work = f"four measures of {scene.n} segments, nearest pairs and nine pairs each"
    plain, stored = pairs * per_pair, scene.n * per_segment + pairs * per_compared
    stored_error = float(np.hypot(scene.n * segment_error, pairs * compared_error))
    state = sum(getattr(descriptors, name).nbytes for name in ("glcm", "lbp", "ssim", "sam")) / scene.n
    return [
        row(
            f"{work}, against scikit-image pair by pair",
            (ours, plain, limit, error),
            f"peer extrapolated from {PAIRS} pairs, +- {pair_error / per_pair:.1%}; "
            f"{state:.0f} bytes kept per segment; bound: {how}",
        ),
        row(
            f"{work}, against scikit-image keeping what it says of each segment",
            (ours, stored, limit, error),
            f"peer extrapolated from {PAIRS} segments and comparisons, +- {stored_error / stored:.1%}",
        ),
    ]


def equality(
    images: Images,
    descriptors: Descriptors,
    one: NDArray[np.int64],
    nine: NDArray[np.int64],
    options: MeasureOptions,
) -> float:
    """Return the largest difference from scikit-image, at both levels."""
    feature, around = measure_pairs(descriptors, one, options), context_measures(descriptors, nine, options)
    expected = loop(images, one)
    means = np.stack([loop(images, context[context[:, 0] >= 0]).mean(axis=0) for context in nine])
    differences = [
        np.abs(found[name] - given[:, column]).max()
        for found, given in ((feature, expected), (around, means))
        for column, name in enumerate(MEASURES)
    ]
    print("largest differences:", " ".join(f"{difference:.1e}" for difference in differences))
    return float(max(differences))


def row(work: str, figures: tuple[float, float, float, float], note: str) -> dict[str, Value]:
    ours, peer, limit, error = figures
    print(f"{work}: {ours:.2f} s, peer {peer:.0f} s, {peer / ours:.0f} times faster")
    return {
        "work": work,
        "ours_s": round(ours, 3),
        "peer_s": round(peer, 2),
        "ratio": round(peer / ours, 1),
        "bound_s": round(limit, 3),
        "bound_ratio": round(peer / limit, 1),
        "max_error": f"{error:.1e}",
        "note": note,
    }


def assignments(vectors: NDArray[np.float32], chip: NDArray[np.int64]) -> dict[str, Value]:
    """Time pairing one to one, against scipy called once per segment; both see all segments."""
    rng, n = np.random.default_rng(SEED), len(vectors)
    neighbours, segments = spatial_neighbours(rng.random((n, 2)), chip), np.arange(n)
    partners = rng.permutation(n)
    unit = vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    here, there = (np.concatenate([side[:, None], neighbours[side]], axis=1) for side in (segments, partners))
    assert here.min() >= 0, "a chip has fewer than nine segments"

    def peer() -> float:
        total = 0.0
        for mine, theirs in zip(here, there, strict=True):
            cost = 1 - unit[mine] @ unit[theirs].T
            rows, columns = linear_sum_assignment(cost)
            total += float(cost[rows, columns].sum())
        return total

    pairs = context_pairs(vectors, segments, partners, neighbours)
    costs = 1 - np.einsum("mnd,mnd->mn", unit[pairs[..., 0]], unit[pairs[..., 1]])
    error = abs(float(costs.sum()) - peer()) / n
    ours_s, peer_s = least_seconds(lambda: context_pairs(vectors, segments, partners, neighbours), peer, rounds=2)
    flops = n * (81 * DIMENSIONS * 2 + 9**3)
    cached = np.ones(2048)
    rate = 2 * 1000 * cached.size / least_seconds(lambda: multiply_add(cached, 1000), rounds=20)[0]
    note = "peer: one matrix product and linear_sum_assignment per segment; max_error: mean difference in cost"
    return row(f"nine segments paired with nine, {n} times", (ours_s, peer_s, flops / rate, error), note)


def search(vectors: NDArray[np.float32]) -> dict[str, Value]:
    """Time the search in feature space for some of the segments, against scikit-learn's brute force."""
    n = len(vectors)
    asked = np.sort(np.random.default_rng(SEED).choice(n, min(n, QUERIES), replace=False))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    peer = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(unit)
    others, space = np.ascontiguousarray(unit.T), np.empty((100, n), np.float32)
    ours_s, peer_s, product = least_seconds(
        lambda: nearest(vectors, 1, queries=asked).rows[:, 0],
        lambda: peer.kneighbors(unit[asked]),
        lambda: [
            np.matmul(unit[part], others, out=space[: len(part)])
            for part in np.array_split(asked, -(-len(asked) // 100))
        ],
        rounds=2,
    )
    two = peer.kneighbors(unit[asked])[1]
    other = np.where(two[:, 0] == asked, two[:, 1], two[:, 0])
    found = nearest(vectors, 1, queries=asked).rows[:, 0]
    exact = vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    worse = float(((exact[asked] * exact[other]).sum(axis=1) - (exact[asked] * exact[found]).sum(axis=1)).max())
    assert worse < 1e-12, worse
    note = f"{(found == other).mean():.2%} the same; the peer's others are no nearer in float64. bound: the products"
    work = f"nearest of {n} vectors of {DIMENSIONS} numbers, {len(asked)} queries"
    return row(work, (ours_s, peer_s, product, max(worse, 0.0)), note)


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else SIDE
    options = MeasureOptions()
    scene = coast(side)
    rows, vectors = measures(scene, options)
    chip = np.repeat(np.arange(len(scene.counts)), scene.counts)
    rows += [assignments(vectors, chip), search(vectors)]
    if side == SIDE:
        print(record("evaluation", rows, seed=SEED))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
