"""The benchmark of maps measures what is there: real scenes, else the generated tile, else nothing, and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import projection


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty work folder, as on a clean checkout."""
    monkeypatch.setattr(projection, "TILE", tmp_path / "work" / "tile")
    return tmp_path / "work"


def written(workspace: Path, rows: int) -> Path:
    path = workspace / "embeddings" / "gnn2.npy"
    path.parent.mkdir(parents=True)
    np.save(path, np.arange(rows * 2, dtype=np.float32).reshape(rows, 2))
    return path


def test_nothing_there_is_reported_and_ends_well(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    projection.main()
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(" left out")[0] for line in printed[:-1]] == list(projection.REAL)
    assert printed[-1].startswith(f"nothing was measured: {work / 'tile'}")


def test_the_tile_stands_in_for_real_scenes(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(work / "tile" / "workspace", 50)
    monkeypatch.setattr(projection, "DRAWN", 20)
    ((name, path),) = projection.sources(tmp_path).items()
    rows = np.load(path)
    assert name == "the generated tile"
    assert rows.shape == (20, 2)
    assert len(np.unique(rows[:, 0])) == 20
    assert (rows[:, 1] == rows[:, 0] + 1).all()


def test_real_scenes_come_first(work: Path, tmp_path: Path) -> None:
    written(work / "tile" / "workspace", 50)
    path = written(work / "tile" / projection.REAL["T48QUE"], 30)
    assert projection.sources(tmp_path) == {"T48QUE": path}
