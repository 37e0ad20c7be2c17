"""The benchmark of a tile's first maps: growth, and a peer that draws, or is stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import tile_maps

DRAWS = """
import sys, numpy as np
means = np.random.default_rng(0).random((int(sys.argv[2]), 2), dtype=np.float32)
np.savez(sys.argv[3], means=means, points=means)
print(1.0, 2.0, 3.0)
"""


@pytest.fixture(autouse=True)
def no_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no tile be written: these scripts read none."""
    monkeypatch.setattr(tile_maps, "write_tile", lambda folder, size: tmp_path / "none.tif")


def test_growth_is_1_where_time_grows_with_the_area() -> None:
    row = tile_maps.growth(100, 200, {100: {"seconds": 10.0}, 200: {"seconds": 40.0}})
    assert row["exponent"] == 1.0
    assert "twice the area costs 2.00 times" in str(row["note"])


def test_peers_map_is_judged_as_ours_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_maps, "SCRIPT", DRAWS)
    row = tile_maps.peer(tmp_path, 100, {"segments": 60, "seconds": 0.001, "trustworthiness": 0.9})
    assert row["segments"] == round(60 * tile_maps.ASKED_FOR)
    assert row["peer_trustworthiness"] == 1.0, "the map is the vectors themselves"
    assert float(row["ratio"]) > 1
    assert (row["ours_s"], row["trustworthiness"]) == (0.001, 0.9)
    assert "umap 3 s" in str(row["note"])


def test_peer_that_takes_too_long_is_stopped_and_the_row_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_maps, "SCRIPT", "import time; time.sleep(60)")
    monkeypatch.setattr(tile_maps, "PEER_LIMIT_S", 0.2)
    row = tile_maps.peer(tmp_path, 100, {"segments": 60, "seconds": 1.0, "trustworthiness": 0.9})
    assert row["seconds"] == 0.2
    assert "stopped" in str(row["note"])


def test_trustworthiness_of_noise_is_low() -> None:
    rng = np.random.default_rng(0)
    vectors, points = rng.random((200, 4), dtype=np.float32), rng.random((200, 2), dtype=np.float32)
    assert tile_maps.trust(vectors, points) < 0.6
    assert tile_maps.trust(points, points) == 1.0
