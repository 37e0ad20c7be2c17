from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.errors import ConfigError
from rsgraph.matchers.batched import EXACT, Certified, assign_pairs, device_of
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.neighbours import unit_rows
from rsgraph.types import Floats

KINDS = 6


def chip(kind: int, rng: np.random.Generator, most: int = 24) -> Floats:
    """One of six kinds: plain, ties, one node many times, zeros, clusters with zeros, nearly identical."""
    n, d = int(rng.integers(1, most)), int(rng.integers(1, 7))
    found = rng.normal(size=(n, d))
    if kind == 1:
        found = np.round(found)
    elif kind == 2:
        found[1:] = found[0]
    elif kind == 3:
        found[:] = 0
    elif kind == 4:
        found = found[rng.integers(0, min(n, 3), n)] * (rng.random((n, 1)) < 0.8)
    elif kind == 5:
        found = 1 + 1e-3 * found
    return unit_rows(np.pad(found, ((0, 0), (0, 6 - d))).astype(np.float32))


def chips_of(seed: int, number: int, most: int = 24) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [chip(kind % KINDS, rng, most) for kind in range(number)]


def all_pairs(number: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(number) for j in range(number) if i != j]


def optima(chips: list[Floats], pairs: list[tuple[int, int]]) -> np.ndarray:
    def optimum(i: int, j: int) -> float:
        cosine = chips[i].astype("float64") @ chips[j].T.astype("float64")
        return float(cosine[linear_sum_assignment(cosine, maximize=True)].mean())

    return np.array([optimum(i, j) for i, j in pairs])


def check(found: Certified, best: np.ndarray, tolerance: float = 1e-6) -> None:
    """Similarities are those of assignments, bounds hold, and they are as near as they are to be."""
    assert (found.similarities <= best + 1e-7).all()
    assert (found.bounds >= best - 1e-7).all()
    assert (found.bounds - found.similarities <= tolerance).all()


def test_assign_pairs_equals_scipy_in_hundreds_of_cases() -> None:
    chips, pairs = chips_of(0, 24), all_pairs(24)
    found = assign_pairs(chips, pairs, device="cpu")
    check(found, optima(chips, pairs))
    assert found.left == 0


def test_assign_pairs_equals_scipy_with_many_more_columns_than_rows() -> None:
    rng = np.random.default_rng(1)
    chips = [unit_rows(rng.normal(size=(n, 6)).astype(np.float32)) for n in (1, 2, 5, 70, 90)]
    found = assign_pairs(chips, all_pairs(5), device="cpu")
    check(found, optima(chips, all_pairs(5)))
    assert found.left == 0


@pytest.mark.parametrize("tolerance", [0.1, 1e-3])
def test_assign_pairs_certifies_the_tolerance(tolerance: float) -> None:
    chips, pairs = chips_of(2, 12), all_pairs(12)
    found = assign_pairs(chips, pairs, device="cpu", tolerance=tolerance)
    check(found, optima(chips, pairs), tolerance)
    assert (found.bounds - found.similarities).max() > EXACT  # it does not do more than it is asked for


@pytest.mark.parametrize("rounds", [0, 40])
def test_assign_pairs_leaves_to_the_cpu_what_the_rounds_do_not_suffice_for(rounds: int) -> None:
    chips, pairs = chips_of(3, 12), all_pairs(12)
    found = assign_pairs(chips, pairs, device="cpu", rounds=rounds)
    check(found, optima(chips, pairs))
    assert 0 < found.left <= len(pairs)


def test_assign_pairs_does_not_depend_on_the_batches() -> None:
    chips, pairs = chips_of(4, 6), all_pairs(6)
    whole, cut = (assign_pairs(chips, pairs, device="cpu", entries=entries) for entries in (None, 2000))
    np.testing.assert_allclose(cut.similarities, whole.similarities, atol=1e-6, rtol=0)
    np.testing.assert_allclose(cut.bounds, whole.bounds, atol=1e-6, rtol=0)


def test_assign_pairs_does_not_depend_on_how_many_rows_bid_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chips, pairs = chips_of(8, 6), all_pairs(6)
    expected = assign_pairs(chips, pairs, device="cpu")
    monkeypatch.setattr("rsgraph.matchers.batched._AT_ONCE", 400)
    np.testing.assert_array_equal(assign_pairs(chips, pairs, device="cpu").similarities, expected.similarities)


def test_assign_pairs_of_no_pairs_is_empty() -> None:
    assert len(assign_pairs([], [], device="cpu").similarities) == 0


def test_assign_pairs_leaves_the_precision_of_products_as_it_was() -> None:
    asked = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        assign_pairs(chips_of(5, 2), [(0, 1)], device="cpu")
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(asked)


def test_device_of_auto_is_what_torch_sees() -> None:
    assert device_of("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_of("cpu") == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_hungarian_refuses_cuda_without_a_gpu() -> None:
    with pytest.raises(ConfigError, match="`device` is cuda, but torch finds no CUDA GPU"):
        Hungarian(device="cuda")


def test_hungarian_refuses_unknown_devices() -> None:
    with pytest.raises(ConfigError, match=r"`device` must be one of: auto, cpu, cuda\. Got 'tpu'"):
        Hungarian(device="tpu")  # type: ignore[arg-type]  # that is the test


def test_hungarian_on_the_cpu_does_not_load_torch() -> None:
    code = """
import sys, numpy as np
from rsgraph.matchers.hungarian import FOR_GPU, Hungarian
nodes = [np.eye(2, dtype=np.float32)] * FOR_GPU
Hungarian(device="cpu").match(nodes)
Hungarian(device="auto").match(nodes[:-1])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU for a few chips; where there is none, the same solver in torch on the CPU."""
    monkeypatch.setattr("rsgraph.matchers.hungarian.FOR_GPU", 4)
    if not torch.cuda.is_available():
        monkeypatch.setattr(
            "rsgraph.matchers.hungarian.device_of", lambda wanted: "cpu" if wanted == "cpu" else "cpu:0"
        )


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("tolerance", [0.0, 1e-2])
def test_hungarian_on_a_gpu_equals_the_cpu_and_keeps_blocks(tolerance: float, tmp_path: Path) -> None:
    chips = [*chips_of(6, 8, most=12), np.zeros((0, 6), np.float32)]
    exact = Hungarian(device="cpu").match(chips)
    blocks = ResumableBlocks(Threads(1), tmp_path)
    found = Hungarian(tolerance=tolerance).match(chips, on_device=blocks)
    assert found.matrix is not None
    np.testing.assert_allclose(found.matrix, exact.matrix, atol=max(tolerance, 1e-6), rtol=0)
    assert 0 < found.error.max() <= max(tolerance, 1e-6)
    assert (found.solved, found.dual is None) == (exact.solved, tolerance == 0)
    again = ResumableBlocks(Threads(1), tmp_path)
    np.testing.assert_array_equal(Hungarian(tolerance=tolerance).match(chips, on_device=again).matrix, found.matrix)
    assert again.resumed == len(list((tmp_path / "pairs-on-gpu").iterdir())) == 15
