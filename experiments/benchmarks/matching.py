"""Chip matching: nearest chips without all pairs, the full matrix, a tolerance, growth, and search by one chip.

    python -m experiments.benchmarks.matching [FOLDER] [part ...]

The nodes are those of real runs: of a generated tile with varied places, 42 x 42 chips side by side, by a narrow
model (whole_tile.py leaves the tile in FOLDER, experiments/.work/tile; what is missing there is made first); and of
two real scenes, cut with overlap to 42 x 42, by narrow models that learnt on the scenes themselves. The peer is
``scipy.optimize.linear_sum_assignment`` on the cosines of all pairs; its total is extrapolated from a random sample
of pairs, and the cosines are counted for both. Seconds are those of one core (CPU time of one thread).

``rows_differing`` of ``rows_checked`` chips have other neighbours than all their pairs say when our exact solver
solves them (which ``pairs`` compares with scipy); ``scipy_rows_differing`` of ``scipy_rows_checked`` when scipy does.

Growth is over more and more chips of the same tile: 21 x 21 with gaps, 42 x 42 side by side, 84 x 84 overlapping by
half, so that the last has neighbours that share pixels.

Parts: nearest, pairs, growth, query. ``pairs`` needs minutes, the others more; each records its rows when it is done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

from experiments.benchmarks.cutting import SIDE, Model, cut, positions
from experiments.benchmarks.places import SIZE, TILE, real_scene, write_tile
from experiments.benchmarks.record import RESULTS, Value, record
from experiments.benchmarks.watching import finished
from experiments.benchmarks.whole_tile import QUICK, learned, train
from rsgraph.blocks import ResumableBlocks, Threads, cores
from rsgraph.matchers.assignment import assign
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.matchers.hungarian_nearest import HungarianNearest
from rsgraph.matchers.index import ChipIndex
from rsgraph.types import Floats, Similarity

REAL = {"T48QUE": "S2B_MSIL2A_20200223T032739_T48QUE_bands", "T33UUB": "t33uub_20170527_l1c_10m.tif"}
ACROSS, GROWTH = 42, (21, 42, 84)
SAMPLE, CHECKED, WHOLLY, QUERIES = 2000, 40, 2, 20
SECONDS, AIM_S = 1.6, 2
"""What a search may take, as ``ChipIndex.search`` has it by default: the last chips take up to 0.3 s more."""
TOLERANCE, MANY, K = 1e-3, 100_000, 15
PARTS = ("pairs", "nearest", "growth", "query")
Pairs = list[tuple[int, int]]
Solver = Callable[[UnitChips, Pairs], NDArray[np.floating[Any]]]
"""Gives the similarities of pairs."""


def main(words: Sequence[str]) -> None:
    """Measure, print and record."""
    parts = [word for word in words if word in PARTS] or PARTS
    folder = next((Path(word) for word in words if word not in PARTS), TILE).absolute()
    with threadpool_limits(1):
        for title, chips in sets(folder):
            for part, measure in (("pairs", pairs), ("nearest", nearest), ("query", query)):
                if part in parts and (part != "query" or title == "generated tile"):
                    keep(measure(title, chips))
        if "growth" in parts:
            keep(growth([tile_chips(folder, across) for across in GROWTH]))


def keep(rows: list[dict[str, Value]]) -> None:
    """Print and record."""
    for row in rows:
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    record("matching", rows)


def sets(folder: Path) -> Iterator[tuple[str, StoredChips]]:
    """Yield the sets of chips by name, and say which are left out."""
    yield "generated tile", tile_chips(folder, ACROSS)
    for name, file in REAL.items():
        if real_scene(file).exists():
            yield f"{name} with overlap", real_chips(folder, name)
        else:
            print(f"{name} left out: {real_scene(file)} is not there; set RSGRAPH_DATA", flush=True)


def tile_chips(folder: Path, across: int) -> StoredChips:
    """Chips of the generated tile, in across rows and columns; tile and model are made where they are missing."""
    tile, model = write_tile(folder, SIZE), learned(folder, "model-narrow", SIZE)
    return cut(Model(model, tile), across, folder / f"chips-{across}")


def real_chips(folder: Path, name: str) -> StoredChips:
    """Chips of a real scene, with overlap, by a model of its own."""
    model = folder / f"model-{name.lower()}"
    if "gnn" not in finished(model):
        train(real_scene(REAL[name]), model, QUICK)
    return cut(Model(model), ACROSS, folder / f"chips-{name.lower()}")


def drawn(count: int, number: int) -> Pairs:
    """Draw pairs of different chips."""
    rng = np.random.default_rng(0)
    return [(int(i), int(j)) for i, j in (rng.choice(count, 2, replace=False) for _ in range(number))]


def peer(chips: UnitChips, sample: Pairs) -> tuple[float, NDArray[np.float64]]:
    """Return scipy's seconds of one core per pair, cosines included, and the similarities."""
    started, found = time.thread_time(), []
    for i, j in sample:
        few, many = sorted((chips[i], chips[j]), key=len)
        cosine = few @ many.T
        found.append(cosine[linear_sum_assignment(cosine, maximize=True)].mean(dtype="float64"))
    return (time.thread_time() - started) / len(sample), np.array(found)


def ours(chips: UnitChips, sample: Pairs, tolerance: float) -> tuple[float, Floats, Floats]:
    """Return our seconds of one core per pair, cosines included, similarities and bounds."""
    started, found = time.thread_time(), []
    for i, j in sample:
        few, many = sorted((chips[i], chips[j]), key=len)
        matched = assign(few @ many.T, tolerance=tolerance)
        found.append((matched.similarity, matched.bound))
    values = np.array(found)
    return (time.thread_time() - started) / len(sample), values[:, 0], values[:, 1]


def pairs(title: str, nodes: StoredChips) -> list[dict[str, Value]]:
    """Solve a sample of pairs with scipy, exactly, and to the tolerance."""
    chips, sample = unit_chips(nodes), drawn(len(nodes), SAMPLE)
    ours(chips, sample[:2], 0.0)
    peer_s, truth = peer(chips, sample)
    rows: list[dict[str, Value]] = []
    for tolerance in (0.0, TOLERANCE):
        seconds, similarities, bounds = ours(chips, sample, tolerance)
        beyond = max(float((truth - bounds).max()), float((similarities - truth).max()))
        rows.append(
            {
                "work": f"full matrix, {f'tolerance {tolerance}' if tolerance else 'exact'}, {title}",
                "chips": len(nodes),
                "pairs": len(sample),
                "ours_s": round(seconds * len(sample), 2),
                "peer_s": round(peer_s * len(sample), 2),
                "ratio": round(peer_s / seconds, 1),
                "largest_error": float(f"{np.abs(similarities - truth).max():.3g}"),
                "beyond_certificate": float(f"{max(beyond, 0.0):.3g}"),
                "note": "core seconds, cosines included, of a random sample of pairs; peer scipy",
            }
        )
    return rows


def nearest(title: str, nodes: StoredChips) -> list[dict[str, Value]]:
    """Find the nearest of all chips, against scipy over all pairs."""
    chips = unit_chips(nodes)
    peer_s, _ = peer(chips, drawn(len(nodes), SAMPLE))
    seconds, wall, found = searched(nodes)
    total = len(nodes) * (len(nodes) - 1) // 2
    assert found.ceiling is not None
    return [
        {
            "work": f"exact {K} nearest chips, {title}",
            "chips": len(nodes),
            "pairs": total,
            "ours_s": round(seconds, 1),
            "peer_s": round(peer_s * total, 0),
            "ratio": round(peer_s * total / seconds, 1),
            "wall_s": round(wall, 1),
            "solved": found.solved,
            **{f"by_{name}": number for name, number in found.given_up.items()},
            "rows_checked": CHECKED,
            "rows_differing": differing(chips, found, CHECKED, exactly),
            "scipy_rows_checked": WHOLLY,
            "scipy_rows_differing": differing(chips, found, WHOLLY, by_scipy),
            "ceiling_above_last": float(f"{(found.ceiling - found.similarities[:, -1]).max():.3g}"),
            "note": f"core seconds; peer scipy over all pairs, extrapolated from {SAMPLE} pairs; neighbours checked "
            f"on {CHECKED} chips with our exact solver, on {WHOLLY} with scipy",
        }
    ]


def searched(nodes: StoredChips) -> tuple[float, float, Similarity]:
    """Find all nearest chips in one thread; return core seconds, wall seconds and the result."""
    HungarianNearest(K).match([nodes[number] for number in range(4)])
    core, wall = time.process_time(), time.perf_counter()
    found = HungarianNearest(K).match(nodes, blocks=ResumableBlocks(Threads(1)))
    return time.process_time() - core, time.perf_counter() - wall, found


def exactly(chips: UnitChips, sample: Pairs) -> Floats:
    """Similarities by our exact solver."""
    return ours(chips, sample, 0.0)[1]


def by_scipy(chips: UnitChips, sample: Pairs) -> NDArray[np.float64]:
    """Similarities by scipy."""
    return peer(chips, sample)[1]


def differing(chips: UnitChips, found: Similarity, checked: int, solve: Solver) -> int:
    """Count chips, of some, whose neighbours differ from those by solving all their pairs, ties aside."""
    wrong = 0
    for row in np.linspace(0, len(chips) - 1, checked).astype(int):
        others, given = np.delete(np.arange(len(chips)), row), found.similarities[row]
        values = solve(chips, [(int(row), int(other)) for other in others])
        best = np.sort(values)[::-1][: len(given)]
        listed = values[np.searchsorted(others, found.indices[row])]
        wrong += bool(np.abs(best - given).max() > 1e-6 or np.abs(listed - given).max() > 1e-6)
    return wrong


def growth(parts: list[StoredChips]) -> list[dict[str, Value]]:
    """Find the nearest of more and more chips of the same tile."""
    counts, seconds, solved = [], [], []
    for nodes in parts:
        core, _, found = searched(nodes)
        counts.append(len(nodes))
        seconds.append(core)
        solved.append(found.solved)
        print(f"  {len(nodes)} chips: {core:.1f} core seconds, {found.solved} solved", flush=True)
    exponent = float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])
    plot(counts, seconds, exponent)
    rows: list[dict[str, Value]] = [
        {
            "work": f"growth of nearest search, {count} chips",
            "chips": count,
            "ours_s": round(each, 1),
            "solved": number,
            "note": f"core seconds; chips of the same tile, {spacing(SIZE, round(count**0.5))}",
        }
        for count, each, number in zip(counts, seconds, solved, strict=True)
    ]
    cuts = ", ".join(f"{count} {spacing(SIZE, round(count**0.5))}" for count in counts)
    text = " and ".join(str(round(each, 2)) for each in np.diff(np.log(seconds)) / np.diff(np.log(counts)))
    about: dict[str, Value] = {
        "exponent": round(exponent, 2),
        "note": f"aim below 1.5; from step to step {text}; the same tile throughout: {cuts}; plotted in growth.png",
    }
    return [*rows, {"work": "growth of nearest search, exponent in the number of chips", **about}]


def spacing(size: int, across: int) -> str:
    """Say how far apart so many chips lie that are spread evenly over so many pixels: where they begin, in chips."""
    first, second, *_ = positions(size, across)
    step = (second - first) / SIDE
    if step < 0.9:
        return f"overlapping by {100 * (1 - step):.0f} %"
    return "side by side" if step < 1.1 else f"with gaps of {second - first - SIDE} pixels"


def plot(counts: list[int], seconds: list[float], exponent: float) -> None:
    """Draw seconds against chips, both by their logarithms, with the aim's slope beside."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 3.5), layout="constrained")
    chips, core = np.array(counts, dtype=float), np.array(seconds)
    axes.loglog(chips, core, "o-", label=f"measured: exponent {exponent:.2f}")
    axes.loglog(chips, core[0] * (chips / chips[0]) ** 1.5, "--", color="grey", label="exponent 1.5, the aim")
    axes.loglog(chips, core[0] * (chips / chips[0]) ** 2, ":", color="grey", label="exponent 2, all pairs")
    axes.set(xlabel="chips", ylabel="core seconds", title=f"The exact {K} nearest of every chip", xticks=counts)
    axes.set_xticks(counts, labels=[str(count) for count in counts])
    axes.minorticks_off()
    axes.legend(frameon=False)
    figure.savefig(RESULTS / "growth.png", dpi=150)
    pyplot.close(figure)


def query(title: str, nodes: StoredChips) -> list[dict[str, Value]]:
    """Search by chips of the set among 100 000: each of the set many times over, its nodes disturbed."""
    folder = nodes.path.parent
    many = simulated(nodes, folder / "many.npy")
    started = time.perf_counter()
    index = ChipIndex(many)
    built = time.perf_counter() - started
    rng = np.random.default_rng(1)
    seconds, gaps, solved = [], [], []
    for number in rng.choice(len(nodes), QUERIES, replace=False):
        started = time.perf_counter()
        found = index.search(nodes[int(number)], k=K, seconds=SECONDS)
        seconds.append(time.perf_counter() - started)
        gaps.append(found.gap)
        solved.append(found.solved)
    memory = index.signatures.nbytes + index.means.nbytes + index.counts.nbytes
    return [
        {
            "work": f"one chip among {len(index)} simulated chips, {title}",
            "chips": len(index),
            "queries": QUERIES,
            "ours_s": round(float(np.median(seconds)), 3),
            "slowest_s": round(max(seconds), 3),
            "exact_share": round(float(np.mean(np.array(gaps) == 0)), 2),
            "median_gap": float(f"{np.median(gaps):.3g}"),
            "solved": int(np.median(solved)),
            "index_mb": round(memory / 1e6, 1),
            "build_s": round(built, 1),
            "note": f"wall seconds, {cores()} threads; aim {AIM_S} s, {SECONDS} s asked for; nodes memory-mapped; "
            "gap 0 is proven exact",
        }
    ]


def simulated(nodes: StoredChips, path: Path) -> StoredChips:
    """Write 100 000 chips: those of a set, then mixtures of the nodes of two of them in random shares."""
    rng = np.random.default_rng(0)
    others, shares = rng.integers(len(nodes), size=MANY), rng.random(MANY)
    shares[: len(nodes)] = 0.0
    sizes = np.array(nodes.counts)
    ours, theirs = sizes[np.arange(MANY) % len(nodes)], sizes[others]
    counts = ours - (shares * ours).astype(int) + (shares * theirs).astype(int)
    if not path.exists():
        _mix(nodes, others, shares, counts, path)
    return StoredChips(path, counts)


def _mix(
    nodes: StoredChips,
    others: NDArray[np.int64],
    shares: NDArray[np.float64],
    counts: NDArray[np.int64],
    path: Path,
) -> None:
    temporary = path.with_suffix(".partial")
    target = np.lib.format.open_memmap(temporary, "w+", np.float32, (int(counts.sum()), nodes[0].shape[1]))
    first = 0
    for number, (other, share, count) in enumerate(zip(others, shares, counts, strict=True)):
        one, two = nodes[number % len(nodes)], nodes[int(other)]
        target[first : first + count] = np.concatenate([one[int(share * len(one)) :], two[: int(share * len(two))]])
        first += count
    target.flush()
    temporary.rename(path)


if __name__ == "__main__":
    main(sys.argv[1:])
