"""Workspaces from strangers: whole commands on copies of the sample and of workspaces of version 0.1.0.

What single readers refuse is tried in ``tests/own_files``; here it is seen that every verb goes through them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from safetensors.numpy import load_file, save_file

from rsgraph.cli import main
from rsgraph.journal.journal import Journal
from rsgraph.workspace import write_arrays, write_table
from tests.tampered.harness import CHECKOUT, attempt, requests, states

pytestmark = pytest.mark.slow

SAMPLE = CHECKOUT / "rsgraph" / "samples" / "parana_coast"
KEPT = CHECKOUT / "tests" / "workspaces_of_0_1"
KEY = "0123456789abcdef" * 4

EXPORT = ("export", "w", "exporter=geojson")
EVALUATE = ("evaluate", "w", "parts=[maps]")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with a copy of the sample, ``w``, and something that nobody may touch, ``victim``."""
    shutil.copytree(SAMPLE, tmp_path / "w", copy_function=shutil.copyfile)
    shutil.rmtree(tmp_path / "w" / "view")
    change_config(tmp_path / "w", lambda config: config["data"].update(path=str(tmp_path / "w" / "parana_coast.tif")))
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "kept.txt").write_text("mine")
    return tmp_path


def change_json(path: Path, change: Callable[[Any], object]) -> None:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def change_config(folder: Path, change: Callable[[Any], object]) -> None:
    found = yaml.safe_load((folder / "config.yaml").read_text())
    change(found)
    (folder / "config.yaml").write_text(yaml.safe_dump(found))


def table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        write_table(folder / name, change(pd.read_parquet(folder / name)))

    return attack


def array(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))

    return attack


def text(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def manifest(change: Callable[[Any], object]) -> Callable[[Path], None]:
    return lambda folder: change_json(folder / "manifest.json", change)


def scene(**changed: object) -> Callable[[Path], None]:
    return lambda folder: change_json(folder / "scene.json", lambda found: found["scenes"][0].update(changed))


def not_finite(values: Any) -> Any:
    values[7] = np.nan
    return values


def layer_elsewhere(folder: Path) -> None:
    """Let the default layer be a file outside of the workspace, which is there."""
    np.save(folder.parent / "victim" / "x.npy", np.load(folder / "embeddings" / "own.npy"))
    change_json(folder / "manifest.json", lambda found: found.update(default_layer="../../victim/x"))


def floats_for_ids(folder: Path) -> None:
    with rasterio.open(folder / "segments.tif") as file:
        profile, ids = file.profile, file.read()
    with rasterio.open(folder / "segments.tif", "w", **{**profile, "dtype": "float32"}) as file:
        file.write(ids.astype(np.float32) + 0.5)


def other_ids(folder: Path) -> None:
    with rasterio.open(folder / "segments.tif", "r+") as file:
        ids = file.read()
        ids[0, :40, :40] = 4_000_000_000
        file.write(ids)


def raster_of(rows: int, columns: int) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        with rasterio.open(folder / "segments.tif") as file:
            profile, ids = file.profile, np.zeros((1, rows, columns), dtype=np.uint32)
            found = file.read()[:, :rows, :columns]
        ids[:, : found.shape[1], : found.shape[2]] = found
        with rasterio.open(folder / "segments.tif", "w", **{**profile, "height": rows, "width": columns}) as file:
            file.write(ids)

    return attack


def one_trigger_more(folder: Path) -> None:
    with Journal(folder / "labels.sqlite") as journal:
        journal.define("water")
    with closing(sqlite3.connect(folder / "labels.sqlite")) as database:
        database.execute("CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END")


def labels_elsewhere(folder: Path) -> None:
    with Journal(folder / "labels.sqlite") as journal:
        journal.define("water")
        journal.assign([1, 999_999], "water")


def pipe(name: str) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return attack


def device(name: str) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        (folder / name).unlink()
        os.symlink("/dev/zero", folder / name)

    return attack


def archive(name: str) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        with (folder / name).open("wb") as file:
            np.savez(file, a=np.zeros(3))

    return attack


BOTH = {
    "manifest empty": (text("manifest.json", b""), "manifest.json"),
    "manifest binary": (text("manifest.json", b"\x89PNG\r\n\x1a\n\0\xff"), "manifest.json"),
    "manifest nested": (text("manifest.json", b"[" * 200_000), "manifest.json"),
    "manifest a list": (text("manifest.json", b"[]"), "manifest.json"),
    "outputs lead out": (
        manifest(lambda found: found["stages"]["graph"]["outputs"].update({"../victim/kept.txt": KEY})),
        "outputs",
    ),
    "a key is a path": (manifest(lambda found: found["stages"]["graph"].update(key="../../victim")), "key"),
    "a stage is a path": (manifest(lambda found: found["stages"].update({"../x": {}})), "stages"),
    "default layer elsewhere": (layer_elsewhere, "default_layer"),
    "config empty": (text("config.yaml", b""), "config.yaml"),
    "config binary": (text("config.yaml", b"\0\1\2\xff"), "config.yaml"),
    "config a list": (text("config.yaml", b"- a\n"), "config.yaml"),
    "config with a tag": (
        text("config.yaml", b"a: !!python/object/apply:os.system ['touch victim/x']"),
        "config.yaml",
    ),
    "config within itself": (text("config.yaml", b"a: &a [*a]\n"), "config.yaml"),
    "config with remote data": (
        lambda folder: change_config(folder, lambda found: found["data"].update(path="http://127.0.0.1/a.tif")),
        "data.path",
    ),
    "config of other types": (
        lambda folder: change_config(folder, lambda found: found.update(projector=3)),
        "projector",
    ),
    "scene empty": (text("scene.json", b""), "scene.json"),
    "scene a path": (scene(name="../../victim/x"), "name"),
    "scene of other bands": (scene(bands=7), "bands"),
    "scene without end": (scene(rows=400_000, columns=400_000), "pixels"),
    "scene turned into nothing": (scene(transform=[0] * 6), "transform"),
    "scene elsewhere": (scene(crs="http://127.0.0.1:9/crs"), "crs"),
    "scene of an unknown code": (scene(crs="EPSG:99999"), "crs"),
    "scene of no authority": (scene(crs="EVIL:1"), "crs"),
    "scene of a text that is none": (scene(crs="PROJCS[" + "[" * 5000 + "]" * 5001), "crs"),
    "no scene": (
        lambda folder: change_json(folder / "scene.json", lambda found: found.update(scenes=[])),
        "scene.json",
    ),
    "scene smaller than its chips": (scene(rows=10, columns=10), "chips.parquet"),
    "segments without ids": (table("segments.parquet", lambda t: t.drop(columns="segment_id")), "segment_id"),
    "segments of huge ids": (
        table("segments.parquet", lambda t: t.assign(segment_id=t["segment_id"].astype("int64") + 2**40)),
        "segment_id",
    ),
    "segments of one id": (table("segments.parquet", lambda t: t.assign(segment_id=1)), "segment_id"),
    "segments without areas": (table("segments.parquet", lambda t: t.drop(columns="area_px")), "area_px"),
    "segments nowhere": (table("segments.parquet", lambda t: t.assign(chip_id=99)), "chip"),
    "fewer segments": (table("segments.parquet", lambda t: t.iloc[:400]), "rows"),
    "segments no table": (text("segments.parquet", b"PAR1"), "segments.parquet"),
    "chips outside": (table("chips.parquet", lambda t: t.assign(row_offset=10_000)), "chips.parquet"),
    "chips of text": (table("chips.parquet", lambda t: t.assign(rows="many")), "rows"),
    "chips without maps": (table("chips.parquet", lambda t: t.drop(columns="x")), "'x'"),
    "layer not finite": (array("embeddings/own.npy", not_finite), "not finite"),
    "layer of other rows": (array("embeddings/own.npy", lambda v: v[:-1]), "own.npy"),
    "layer of whole numbers": (array("embeddings/own.npy", lambda v: v.astype(int)), "float32"),
    "layer flat": (array("embeddings/own.npy", lambda v: v[:, 0]), "shape"),
    "classes not finite": (array("embeddings/target.npy", not_finite), "target.npy"),
    "labels of one more trigger": (one_trigger_more, "labels.sqlite"),
    "labels of segments that are not there": (labels_elsewhere, "labels.sqlite"),
    "clouds beyond all": (table("segments.parquet", lambda t: t.assign(cloud_share=np.inf)), "cloud_share"),
    "points of half the bits": (table("segments.parquet", lambda t: t.assign(x=np.float16(0))), "'x'"),
    "a pipe for a manifest": (pipe("manifest.json"), "manifest.json"),
    "a pipe for a config": (pipe("config.yaml"), "config.yaml"),
    "a device for a scene": (device("scene.json"), "scene.json"),
    "an archive for a layer": (archive("embeddings/own.npy"), "own.npy"),
    "layer no array": (text("embeddings/own.npy", b"\x93NUMPY"), "own.npy"),
}


def said_by(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Type a command in this process, which must end with 2 and one sentence; return that."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(words)
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize("attack", BOTH)
def test_export_and_evaluate_refuse_the_same_in_one_sentence(
    given: Path, attack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change, word = BOTH[attack]
    change(given / "w")
    before = states(given)
    monkeypatch.chdir(given)
    said = [said_by(capsys, *words) for words in (EXPORT, EVALUATE)]
    assert said[0] == said[1], "one reader"
    assert word in said[0]
    changed = {name for name, state in states(given).items() if before.get(name) != state}
    assert not changed, "nothing is written, inside or outside"


SAMPLED = (
    "outputs lead out",
    "default layer elsewhere",
    "config with a tag",
    "segments of huge ids",
    "layer not finite",
)


@pytest.mark.parametrize("attack", SAMPLED)
@pytest.mark.parametrize("words", [EXPORT, EVALUATE])
def test_whole_commands_refuse_within_the_limits(given: Path, attack: str, words: tuple[str, ...]) -> None:
    change, word = BOTH[attack]
    change(given / "w")
    attempt(given, *words, inside="w").refused(word)
    assert (given / "victim" / "kept.txt").read_text() == "mine"


PIECE_BY_PIECE = {
    "ids of floats": (floats_for_ids, "uint32"),
    "a pipe": (pipe("segments.tif"), "segments.tif"),
    "ids of nobody": (other_ids, "segments.tif"),
    "raster too small": (raster_of(50, 60), "50 x 60 pixels"),
    "raster too large": (raster_of(288, 300), "288 x 300 pixels"),
}


@pytest.mark.parametrize("attack", PIECE_BY_PIECE)
def test_rasters_of_another_kind_are_refused_where_they_are_read(given: Path, attack: str) -> None:
    change, word = PIECE_BY_PIECE[attack]
    change(given / "w")
    attempt(given, *EXPORT, inside="w").refused(word)
    for parts in ("borders", "maps"):
        attempt(given, "evaluate", "w", f"parts=[{parts}]", inside="w").refused(word)


def test_the_sample_as_it_is_passes(given: Path) -> None:
    """Everything above would pass without these changes."""
    for words in (EXPORT, EVALUATE):
        attempt(given, *words, inside=("w", "mlflow.db", "mlflow")).succeeded()


def similarity(**changed: Any) -> Callable[[Path], None]:
    def attack(folder: Path) -> None:
        with np.load(folder / "similarity.npz") as found:
            write_arrays(folder / "similarity.npz", {**found, **changed})

    return attack


EVALUATED = {
    "chips that are not there": (similarity(indices=np.full((16, 15), 99)), "indices"),
    "similarity not finite": (similarity(similarities=np.full((16, 15), np.nan, np.float32)), "similarities"),
    "similarity flat": (similarity(indices=np.arange(16)), "indices"),
    "similarity no archive": (text("similarity.npz", b"PK"), "similarity.npz"),
    "encoder no json": (text("models/encoder.json", b"\0"), "encoder.json"),
    "encoder of endless classes": (
        lambda folder: change_json(folder / "models" / "encoder.json", lambda found: found.update(classes=10**9)),
        "classes",
    ),
    "encoder without bands": (
        lambda folder: change_json(folder / "models" / "encoder.json", lambda found: found.pop("bands")),
        "bands",
    ),
}


@pytest.mark.parametrize("attack", EVALUATED)
def test_what_only_evaluate_reads_is_refused_by_it(given: Path, attack: str) -> None:
    change, word = EVALUATED[attack]
    change(given / "w")
    part = "rotation" if "encoder" in attack else "maps"
    attempt(given, "evaluate", "w", f"parts=[{part}]", inside="w").refused(word)


LINKS = {
    "exports": EXPORT,
    "labels.sqlite": EXPORT,
    "labels.sqlite-wal": EVALUATE,
    "evaluation": EVALUATE,
    "projections/new": EVALUATE,
}


@pytest.mark.parametrize("name", LINKS)
def test_links_out_of_a_workspace_are_not_written_through(given: Path, name: str) -> None:
    os.symlink(given / "victim" / ("kept.txt" if "sqlite" in name else ""), given / "w" / name)
    attempt(given, *LINKS[name], inside="w").refused("symbolic link", "links=true")
    assert (given / "victim" / "kept.txt").read_text() == "mine"


def test_links_that_are_the_users_own_are_followed(given: Path) -> None:
    (given / "disk").mkdir()
    os.symlink(given / "disk", given / "w" / "exports")
    attempt(given, *EXPORT, "links=true", inside=("w", "disk")).succeeded()
    assert list((given / "disk").glob("*.geojson"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a workspace of version 0.1.0, ``w``, its scene, and something that nobody may touch."""
    shutil.copytree(KEPT / "one", tmp_path / "w", copy_function=shutil.copyfile)
    shutil.copytree(KEPT / "scenes", tmp_path / "scenes", copy_function=shutil.copyfile)
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "kept.txt").write_text("mine")
    return tmp_path


RUN = ("run", "scenes/may.tif", "workspace=w", "tracking.uri=none")
ADD = ("run", "data.path=[scenes/may.tif,scenes/july.tif]", "workspace=w", "tracking.uri=none")

RUNS: dict[str, tuple[tuple[str, ...], Callable[[Path], object], str]] = {
    "a stale stage claims what is outside": (
        (*RUN, "graph.k=3", "overwrite=true"),
        manifest(lambda found: found["stages"]["graph"]["outputs"].update({"../victim/kept.txt": KEY})),
        "outputs",
    ),
    "a stale stage claims an absolute path": (
        (*RUN, "graph.k=3", "overwrite=true"),
        lambda folder: change_json(
            folder / "manifest.json",
            lambda found: found["stages"]["graph"]["outputs"].update({str(folder.parent / "victim/kept.txt"): KEY}),
        ),
        "outputs",
    ),
    "a stale stage claims the labels": (
        (*RUN, "graph.k=3", "overwrite=true"),
        manifest(lambda found: found["stages"]["graph"]["outputs"].update({"labels.sqlite": KEY})),
        "labels.sqlite",
    ),
    "adding replaces a folder": (
        ADD,
        manifest(lambda found: found["stages"]["graph"].update(stage="..", key="../victim")),
        "key",
    ),
    "a model's identity is a path": (
        RUN,
        lambda folder: change_config(
            folder, lambda found: found["model"].update({"from": "/m", "identity": "../../victim", "bands": ["B02"]})
        ),
        "identity",
    ),
    "options of other types": (
        RUN,
        lambda folder: change_config(folder, lambda found: found["chips"].update(size="large")),
        "chips",
    ),
    "a component that is a list": (
        RUN,
        lambda folder: change_config(folder, lambda found: found.update(encoder=["unet"])),
        "encoder",
    ),
    "chips without windows": (RUN, table("chips.parquet", lambda t: t.drop(columns="rows")), "manifest"),
}


@pytest.mark.parametrize("attack", [name for name in RUNS if name != "chips without windows"])
def test_a_run_on_a_tampered_workspace_is_refused_and_touches_nothing(old: Path, attack: str) -> None:
    words, change, word = RUNS[attack]
    change(old / "w")
    labels = (old / "w" / "labels.sqlite").read_bytes()
    attempt(old, *words, inside=("w", ".rsgraph-cache")).refused(word)
    assert (old / "victim" / "kept.txt").read_text() == "mine"
    assert (old / "w" / "labels.sqlite").read_bytes() == labels


def test_a_planted_stage_writes_nothing_above_the_workspace(old: Path) -> None:
    """The cache stands beside the workspace, as in an archive of both: its records are not believed."""
    attempt(old, *RUN, inside=("w", ".rsgraph-cache")).succeeded()
    keys = {
        name: each["key"] for name, each in json.loads((old / "w" / "manifest.json").read_text())["stages"].items()
    }
    (old / "w" / "edges.npy").unlink()
    place = old / ".rsgraph-cache" / "graph" / keys["graph"][:32]
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "stage.json").write_text(
        json.dumps(
            {
                "stage": "graph",
                "key": keys["graph"],
                "outputs": {"../../../victim/kept.txt": KEY, "edges.npy": KEY},
                "seconds": 1.0,
                "facts": {},
            }
        )
    )
    attempt(old, *RUN, inside=("w", ".rsgraph-cache")).succeeded()
    assert (old / "victim" / "kept.txt").read_text() == "mine"
    assert np.load(old / "w" / "edges.npy").shape[0] == 2, "made anew"


def test_a_cache_that_is_reached_through_a_link_is_not_written(old: Path) -> None:
    (old / ".rsgraph-cache").mkdir()
    os.symlink(old / "victim", old / ".rsgraph-cache" / "graph")
    done = attempt(old, *RUN, "graph.k=3", "overwrite=true", inside=("w", ".rsgraph-cache"))
    done.refused("symbolic link")
    assert [path.name for path in (old / "victim").iterdir()] == ["kept.txt"]


def spoilt(folder: Path, name: str) -> None:
    path = folder / "models" / f"{name}.safetensors"
    arrays = load_file(path)
    first = max(arrays, key=lambda key: arrays[key].size if arrays[key].dtype.kind == "f" else 0)
    arrays[first] = np.full_like(arrays[first], np.nan)
    save_file(arrays, path)


@pytest.mark.parametrize("name", ["models", "embeddings", "pictures", "view", "run.lock", "manifest.json.lock"])
def test_a_run_writes_through_no_link(old: Path, name: str) -> None:
    if (old / "w" / name).exists():
        (old / "w" / name).rename(old / "elsewhere")
    else:
        shutil.copytree(old / "victim", old / "elsewhere")
    os.symlink(old / "elsewhere" / ("kept.txt" if "lock" in name else ""), old / "w" / name)
    attempt(old, *RUN, inside="w").refused("symbolic link", "links=true")


@pytest.mark.parametrize("name", ["encoder", "gnn"])
def test_a_model_that_is_not_a_number_is_refused_by_the_name_that_the_user_gave(old: Path, name: str) -> None:
    spoilt(old / "w", name)
    done = attempt(old, "run", "scenes/may.tif", "workspace=new", "model.from=w", "tracking.uri=none", inside="new")
    said = done.refused("model.from", f"{name}.safetensors", "not finite")
    assert ".rsgraph-cache" not in said


def test_classes_that_are_not_numbers_are_refused(old: Path) -> None:
    with np.load(old / "w" / "targets.npz") as found:
        arrays = {**found}
    write_arrays(old / "w" / "targets.npz", {**arrays, "centres": np.full_like(arrays["centres"], np.nan)})
    done = attempt(old, "run", "scenes/may.tif", "workspace=new", "model.from=w", "tracking.uri=none", inside="new")
    done.refused("model.from", "targets.npz")


def test_a_model_that_makes_what_is_no_number_is_refused(old: Path) -> None:
    """All of its weights are finite: what they make of this scene is not."""
    path = old / "w" / "models" / "encoder.safetensors"
    arrays = {name: np.full_like(each, 3e38) if "weight" in name else each for name, each in load_file(path).items()}
    save_file(arrays, path)
    done = attempt(
        old,
        *("run", "scenes/may.tif", "workspace=new", "model.from=w", "tracking.uri=none"),
        inside=("new", ".rsgraph-cache"),
    )
    done.refused("model.from", "not finite")


def test_no_field_of_a_workspace_makes_a_request(given: Path) -> None:
    with requests() as asked:
        for attack in (
            scene(crs=f"{asked.address}/crs"),
            scene(crs=None, files=[f"/vsicurl/{asked.address}/a.tif"]),
            lambda folder: change_config(
                folder, lambda found: found["data"].update(path=f"/vsicurl/{asked.address}/a")
            ),
            lambda folder: change_config(folder, lambda found: found["model"].update({"from": f"{asked.address}/w"})),
        ):
            shutil.rmtree(given / "w")
            shutil.copytree(SAMPLE, given / "w", copy_function=shutil.copyfile)
            attack(given / "w")
            for words in (EXPORT, EVALUATE):
                attempt(given, *words, inside="w").refused("damaged")
        assert asked == []
