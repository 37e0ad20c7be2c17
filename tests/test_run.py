"""`rsgraph run` as a user types it: real scenes, odd names, sweeps, Ctrl-C, a full disk, the wheel."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rsgraph import cli
from rsgraph.files import sha256

QUICK = [
    "chips.size=64",
    "encoder.width=4",
    "encoder.depth=3",
    "segmenter.n_segments=60",
    "projector=pca",
    "draw=false",
    "training.encoder.max_epochs=2",
    "training.gnn.max_epochs=3",
    "trainer.accelerator=cpu",
    "trainer.threads=1",
]
SYNTHETIC = ["reader=synthetic", "reader.rows=128", "reader.columns=192"]


def rsgraph(*words: str, cwd: Path, timeout: float = 500) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rsgraph", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def runs(*words: str, cwd: Path) -> str:
    done = rsgraph(*words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.real
@pytest.mark.slow
def test_run_works_on_a_name_with_spaces_parentheses_commas_and_quotes(tmp_path: Path, real_data: Path) -> None:
    odd = tmp_path / 'it\'s a (Raw), x=1 "scene" ${y}.tif'
    odd.symlink_to(real_data / "site_282D_485L_3_3_l2a_10m.tif")
    runs("run", str(odd), "workspace=out put", "tracking.uri=none", *QUICK, cwd=tmp_path)
    table = pd.read_parquet(tmp_path / "out put" / "segments.parquet")
    assert table["area_px"].sum() == pytest.approx(224 * 224, rel=0.02)


@pytest.mark.slow
def test_tracking_keeps_parameters_losses_and_seconds(tmp_path: Path) -> None:
    printed = runs("run", "workspace=w", *SYNTHETIC, *QUICK, cwd=tmp_path)
    assert "mlflow ui --host 127.0.0.1 --backend-store-uri 'sqlite:///" in printed
    store = sqlite3.connect(tmp_path / "mlflow.db")
    parameters = dict(store.execute("select key, value from params"))
    assert parameters["segmenter.n_segments"] == "60"
    losses = store.execute("select step, value from metrics where key = 'encoder/val_loss' order by step").fetchall()
    assert [step for step, _ in losses] == [0, 1]
    history = json.loads((tmp_path / "w" / "models" / "encoder.json").read_text())["history"]
    assert [value for _, value in losses] == pytest.approx([epoch["val_loss"] for epoch in history])
    seconds = dict(store.execute("select key, value from metrics where key like 'seconds/%'"))
    assert seconds["seconds/encoder"] > 0
    assert store.execute("select status from runs").fetchall() == [("FINISHED",)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".rsgraph-cache", "mlflow.db", "w"]


def test_a_store_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rsgraph"])
    with pytest.raises(SystemExit) as end:  # in this process: a new one takes seconds to import what refuses
        cli.main(["run", "workspace=w", f"tracking.uri=sqlite:///{tmp_path}/file/mlflow.db", *SYNTHETIC, *QUICK])
    assert end.value.code == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert f"could not write {tmp_path}/file" in printed
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_a_sweep_trains_once_and_is_one_parent_with_children(tmp_path: Path) -> None:
    printed = runs(
        "run",
        "-m",
        "workspace=sweep",
        "graph.k=4,8",
        "segmenter.n_segments=40,60",
        *SYNTHETIC,
        *[word for word in QUICK if "n_segments" not in word],
        cwd=tmp_path,
    )
    points = sorted(path.name for path in (tmp_path / "sweep").iterdir() if path.is_dir())
    assert len(points) == 4
    assert points == sorted(f"graph.k={k},segmenter.n_segments={n}" for k in (4, 8) for n in (40, 60))
    encoders = {sha256(tmp_path / "sweep" / name / "models" / "encoder.safetensors") for name in points}
    assert len(encoders) == 1
    cached = [path for path in (tmp_path / ".rsgraph-cache" / "encoder").iterdir() if path.is_dir()]
    assert len(cached) == 1, "sweeping K and N must not train the U-Net again"
    store = sqlite3.connect(tmp_path / "mlflow.db")
    parents = store.execute("select value from tags where key = 'mlflow.parentRunId'").fetchall()
    assert len(parents) == 4
    assert len(set(parents)) == 1
    losses = store.execute("select count(distinct run_uuid) from metrics where key = 'encoder/val_loss'").fetchone()
    assert losses == (4,), "points that took the encoder from the cache show its losses too"
    assert {status for (status,) in store.execute("select status from runs")} == {"FINISHED"}
    assert "mlflow ui" in printed


@pytest.mark.slow
def test_ctrl_c_leaves_a_workspace_that_the_same_command_resumes(tmp_path: Path) -> None:
    words = ["run", "tracking.uri=none", *SYNTHETIC, *QUICK, "training.encoder.max_epochs=40"]
    whole = runs(*words, "workspace=whole", f"cache.path={tmp_path / 'other'}", cwd=tmp_path)
    assert "done in" in whole
    process = subprocess.Popen(
        [sys.executable, "-m", "rsgraph", *words, "workspace=w"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_checkpoint(tmp_path / ".rsgraph-cache" / "encoder", process)
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate(timeout=120)
    assert process.returncode == 130, printed
    assert printed.strip() == "error: interrupted; nothing is lost: the same command goes on where this one stopped"
    printed = runs(*words, "workspace=w", cwd=tmp_path)
    assert "resumed at" in printed
    for name in ("models/encoder.safetensors", "embeddings/gnn2.npy"):
        assert sha256(tmp_path / "w" / name) == sha256(tmp_path / "whole" / name)


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a few epochs are on disk."""
    for _ in range(1200):
        if list(folder.glob("*.partial/work/last.ckpt")):
            time.sleep(0.5)
            return
        assert process.poll() is None, "the run ended before it could be interrupted"
        time.sleep(0.05)
    raise AssertionError("no checkpoint appeared")


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    words = ["run", "workspace=w", "tracking.uri=none", *SYNTHETIC, *QUICK, "training.encoder.max_epochs=40"]
    process = subprocess.Popen(
        [sys.executable, "-m", "rsgraph", *words], cwd=tmp_path, stdout=subprocess.DEVNULL, text=True
    )
    wait_for_checkpoint(tmp_path / ".rsgraph-cache" / "encoder", process)
    process.kill()
    process.wait()
    printed = runs(*words, cwd=tmp_path)
    assert "target       up to date" in printed
    assert "resumed at" in printed
    assert [path for path in (tmp_path / "w").rglob("*") if path.is_file() and path.name.startswith(".")] == []


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=150k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        try:
            words = ["run", "workspace=small/w", "tracking.uri=none", *SYNTHETIC, *QUICK]
            done = rsgraph(*words, cwd=tmp_path)
            assert done.returncode == 2, done.stdout + done.stderr
            assert "where 0.2 MB are free" in done.stderr
            assert done.stderr.count("\n") == 1
            assert not list(small.iterdir()), "nothing was begun"
            done = rsgraph(*words, "disk=ignore", cwd=tmp_path)
            assert done.returncode == 2, done.stdout + done.stderr
            assert "the disk is full" in done.stderr
            assert done.stderr.count("\n") == 1
            subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
            assert "done in" in runs(
                "run", "workspace=small/w", "tracking.uri=none", *SYNTHETIC, *QUICK, cwd=tmp_path
            )
        finally:
            subprocess.run(["umount", str(small)], check=True)
    else:  # no right to mount: the kernel refuses files above a size instead
        limit = 60_000
        done = subprocess.run(
            [sys.executable, "-m", "rsgraph", "run", "workspace=w", "tracking.uri=none", *SYNTHETIC, *QUICK],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: limit_file_size(limit),
        )
        assert done.returncode == 2, done.stdout + done.stderr
        assert "the disk is full" in done.stderr
        runs("run", "workspace=w", "tracking.uri=none", *SYNTHETIC, *QUICK, cwd=tmp_path)


def limit_file_size(size: int) -> None:
    """Let the kernel refuse larger files with EFBIG."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.slow
def test_the_wheel_works_with_no_checkout_about(tmp_path: Path) -> None:
    checkout = Path(__file__).resolve().parents[1]
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(checkout)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-m", "rsgraph", "run", "workspace=w", "tracking.uri=none", *SYNTHETIC, *QUICK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    vectors = np.load(tmp_path / "w" / "embeddings" / "gnn2.npy")
    assert vectors.shape[1] == 60
    where = subprocess.run(
        [sys.executable, "-c", "import rsgraph.config as c; print(c.config_folder())"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()) == site / "rsgraph" / "conf"
    # the sample comes along, and is copied out of it
    copied = subprocess.run(
        [sys.executable, "-c", "from rsgraph.samples.copying import sample_copy; print(sample_copy())"],
        cwd=tmp_path,
        env={**environment, "XDG_DATA_HOME": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    sample = Path(copied.stdout.strip())
    assert sample == tmp_path / "data" / "rsgraph" / "samples" / "parana_coast"
    shipped = checkout / "rsgraph" / "samples" / "parana_coast"
    names = sorted(path.relative_to(shipped) for path in shipped.rglob("*"))
    assert sorted(path.relative_to(sample) for path in sample.rglob("*")) == names


@pytest.mark.slow
def test_a_failing_point_of_a_sweep_ends_with_2_and_its_parent_as_failed(tmp_path: Path) -> None:
    done = rsgraph("run", "-m", "workspace=s", "embedding.layer=gnn2,gnn9", *SYNTHETIC, *QUICK, cwd=tmp_path)
    assert done.returncode == 2
    assert "embedding.layer 'gnn9' is not made by this run" in done.stderr
    assert "Traceback" not in done.stderr
    store = sqlite3.connect(tmp_path / "mlflow.db")
    parents = "select status from runs where run_uuid in (select value from tags where key = 'mlflow.parentRunId')"
    assert store.execute(parents).fetchall() == [("FAILED",)]
