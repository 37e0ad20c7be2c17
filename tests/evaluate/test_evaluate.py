"""`rsgraph evaluate`: one command on any finished workspace, with a reference or without."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from numpy.typing import NDArray

from rsgraph import cli
from rsgraph.errors import ConfigError, InputError, NotThere, NotUsable, WorkspaceError
from rsgraph.evaluate import parts as measuring
from rsgraph.evaluate.evaluate import PARTS, evaluate, numbers
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, composed, copied

FAST = ["rotation.chips=2", "labelling.strokes=6"]


def options(*overrides: str) -> dict[str, Any]:
    """Return the resolved options that the command line would make."""
    return composed(*FAST, *overrides, verb="evaluate")


@pytest.fixture(scope="module")
def measured(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a finished workspace, evaluated with its scene's own reference. Tests must not change it."""
    folder = tmp_path_factory.mktemp("evaluated") / "w"
    copy(finished.folder, folder)
    evaluate(options(f"workspace={folder}"))
    return folder


def copy(origin: Path, folder: Path) -> None:
    """Link a workspace's files; what is written anew goes into the new folder."""
    for path in origin.rglob("*"):
        place = folder / path.relative_to(origin)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)


def table(folder: Path, part: str) -> pd.DataFrame:
    return pd.read_csv(folder / "evaluation" / f"{part}.csv")


def test_every_part_leaves_a_table(measured: Path) -> None:
    assert {path.stem for path in (measured / "evaluation").glob("*.csv")} == set(PARTS)
    record = json.loads((measured / "evaluation" / "evaluation.json").read_text())
    assert set(record) == set(PARTS)


def test_measures_cover_layers_levels_and_sets_of_segments(measured: Path) -> None:
    found = table(measured, "measures")
    workspace = Workspace(measured)
    assert len(found) == len(workspace.layers) * 2 * 4
    empty = found["level"].str.endswith("_apart") & (found["apart"] == 0)  # all nearest of few lie beside
    assert (found["ssim"].isna() == empty).all()
    assert not empty[found["among"] == "all"].any()
    found = found[~empty]
    assert found["ssim"].between(-1, 1).all()
    assert found["sam"].between(0, np.pi).all()
    assert found["lbp"].between(0, 1).all()
    assert (found["glcm"] >= 0).all()


def test_bands_find_spectrally_nearer_segments_than_chance(measured: Path) -> None:
    found = table(measured, "measures").set_index(["layer", "level", "among"])
    assert found.loc[("bands", "feature", "all"), "sam"] < found.loc[("gnn2", "feature", "all"), "sam"]


def test_retrieval_is_better_than_chance(measured: Path) -> None:
    found = table(measured, "retrieval")
    assert set(found["level"]) == {"segments", "segments apart", "chips"}
    bands = found[(found["layer"] == "bands") & (found["level"] != "chips")]
    assert (bands["precision"] > bands["precision_by_chance"]).all()
    assert (bands["overlap"] > bands["overlap_by_chance"]).all()


def test_labelling_gains_with_strokes_up_to_the_ceiling(measured: Path) -> None:
    found = table(measured, "labelling")
    maps = ["bands", "own", "surroundings", "own+gnn1", "own and surroundings"]
    assert found["representation"].tolist() == ["click per segment", *maps]
    assert found["share_of_ideal"].between(0, 1.05).all()
    assert (found["accuracy_1"] <= found["accuracy_3"]).all()
    assert (found["accuracy_5"] <= found["best_accuracy"]).all()
    assert found["accuracy_5"].iloc[1] > found["accuracy_5"].iloc[0]  # a circle holds more than one segment


def test_what_is_unchanged_is_not_measured_again(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = json.loads((measured / "evaluation" / "evaluation.json").read_text())
    evaluate(options(f"workspace={measured}"))
    assert json.loads((measured / "evaluation" / "evaluation.json").read_text()) == before


def test_a_changed_option_measures_its_part_again(measured: Path, tmp_path: Path) -> None:
    copy(measured, tmp_path / "w")
    before = json.loads((tmp_path / "w" / "evaluation" / "evaluation.json").read_text())
    evaluate(options(f"workspace={tmp_path / 'w'}", "maps.k=5", "parts=[maps,retrieval]"))
    after = json.loads((tmp_path / "w" / "evaluation" / "evaluation.json").read_text())
    assert table(tmp_path / "w", "maps")["k"].max() == 5
    assert after["maps"]["key"] != before["maps"]["key"]
    assert after["retrieval"] == before["retrieval"]


def write_raster(path: Path, values: NDArray[Any]) -> None:
    """Write (bands, rows, columns) as a GeoTIFF of 10 m pixels."""
    count, rows, columns = values.shape
    transform = rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    shape = {"count": count, "height": rows, "width": columns, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32630", transform=transform, **shape) as file:
        file.write(values)


@pytest.fixture(scope="module")
def without_reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of a file that came with no reference. Tests must not change it."""
    folder = tmp_path_factory.mktemp("bare")
    values = np.random.default_rng(0).integers(200, 3000, (4, 96, 96)).astype(np.uint16)
    values[:, :, 48:] //= 4
    write_raster(folder / "scene.tif", values)
    tiny = [text for text in TINY if not text.startswith("reader")]
    words = ["reader=auto", f"data.path={folder / 'scene.tif'}", f"workspace={folder / 'w'}"]
    return run(composed(*tiny, *words)).folder


@pytest.fixture
def bare(without_reference: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    copied(without_reference, tmp_path / "bare")
    return tmp_path / "bare"


def test_without_a_reference_what_needs_one_is_left_out_and_said(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = evaluate(options(f"workspace={bare}"))
    assert set(found) == {"measures", "maps", "borders"}
    assert found["borders"]["accuracy"].isna().all(), "so small a scene has too few segments at borders"
    printed = capsys.readouterr().out
    assert "retrieval: left out: the scene came with no reference" in printed
    assert "rotation: left out: rotation invariance compares at least two whole chips" in printed


def test_what_is_asked_for_by_name_is_not_left_out(bare: Path) -> None:
    with pytest.raises(NotThere, match="the scene came with no reference; name a raster or vector file"):
        evaluate(options(f"workspace={bare}", "parts=[retrieval]"))
    with pytest.raises(NotUsable, match="at least two whole chips"):
        evaluate(options(f"workspace={bare}", "parts=[rotation]"))


def test_a_wrong_reference_is_refused_before_anything_is_measured(bare: Path) -> None:
    (bare.parent / "notes.txt").write_text("water here")
    with pytest.raises(InputError, match=r"notes\.txt"):
        evaluate(options(f"workspace={bare}", f"reference={bare.parent / 'notes.txt'}"))
    assert not (bare / "evaluation" / "measures.csv").exists()


def test_a_reference_is_read_once(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = np.ones((1, 96, 96), dtype=np.uint8)
    classes[:, :, 48:] = 2
    write_raster(bare.parent / "truth.tif", classes)
    read: list[Any] = []
    counted = measuring.reference_counts
    monkeypatch.setattr(measuring, "reference_counts", lambda *a, **k: read.append(a) or counted(*a, **k))
    reference = f"reference={bare.parent / 'truth.tif'}"
    evaluate(options(f"workspace={bare}", reference, "parts=[retrieval,labelling]"))
    assert len(read) == 1


def test_a_reference_file_is_laid_on_the_segments(bare: Path, tmp_path: Path) -> None:
    classes = np.ones((96, 96), dtype=np.uint8)
    classes[:, 48:] = 2
    write_raster(tmp_path / "truth.tif", classes[None])
    parts = "parts=[retrieval,labelling]"
    found = evaluate(options(f"workspace={bare}", f"reference={tmp_path / 'truth.tif'}", parts))
    assert found["labelling"]["best_accuracy"].iloc[0] > 0.9  # segments follow the border
    target = found["retrieval"].query("layer == 'target' and level == 'segments' and k == 1")
    assert target["precision"].item() > 0.9  # a factor of four tells the halves apart


def half(value: int, other: int, **edges: int) -> NDArray[np.uint8]:
    """Two values side by side, and others in rows at the top and bottom."""
    classes = np.full((96, 96), value, dtype=np.int16)
    classes[:, 48:] = other
    classes[:4] = edges.get("top", classes[:4])
    classes[-6:] = edges.get("bottom", classes[-6:])
    return classes


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [
        (half(0, 1), 2, "0 counts as a class since 1 is the only other value (50 % of the pixels)"),
        (
            half(0, 1, top=-1),
            2,
            "-1 counts as no data (4.2 % of the pixels); 0 counts as a class since -1",
        ),
        (
            half(0, 2, top=255, bottom=1),
            3,
            "255 counts as no data (4.2 % of the pixels); 0 counts as a class since 255",
        ),
    ],
)
def test_a_mask_is_a_reference_of_two_classes_and_what_was_decided_is_said(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], classes: Any, count: int, said: str
) -> None:
    write_raster(tmp_path / "mask.tif", classes[None])
    words = (f"workspace={bare}", f"reference={tmp_path / 'mask.tif'}", "parts=[retrieval]", "layers=[target]")
    found = evaluate(options(*words))["retrieval"]
    printed = " ".join(capsys.readouterr().out.split())
    assert said in printed
    assert "'reference_classes=[...]' says which values are classes" in printed
    assert "class 0 " in printed
    assert "class -1" not in printed
    assert set(found.query("level == 'segments'")["classes"]) == {count}
    assert found.query("level == 'segments' and k == 1")["precision"].item() > 0.8
    assert "one class only" not in printed


def test_figures_of_one_class_only_are_said_to_be_that_each_time_that_they_are_shown(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_raster(tmp_path / "mask.tif", half(0, 1)[None])
    words = (
        f"workspace={bare}",
        f"reference={tmp_path / 'mask.tif'}",
        "parts=[retrieval,labelling]",
        "layers=[target]",
    )
    for _ in range(2):
        found = evaluate(options(*words, "reference_classes=[1]"))
        assert set(found["retrieval"]["precision"]) == {1}
        printed = " ".join(capsys.readouterr().out.split())
        for part in ("retrieval", "labelling"):
            assert f"{part}: the figures follow from one class only" in printed
        assert "4,608 pixels of 0, which counts as no class" in printed
    named = evaluate(options(*words, "reference_classes={0:land,1:water}"))
    assert set(named["retrieval"]["classes"]) == {2}
    assert "reference mask.tif: land 46.1 ha (50 %), water 46.1 ha (50 %)" in " ".join(
        capsys.readouterr().out.split()
    )


def test_features_that_are_left_out_of_a_reference_are_counted(
    bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [shapely.box(0, 0, 48, 96), shapely.box(48, 0, 96, 96), shapely.LineString([(0, 0), (9, 9)])]
    eight = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    table = gpd.GeoDataFrame({"art": ["a", "b", "c", "a"]}, geometry=[*boxes, eight])
    here = Workspace(bare).scene
    a, b, c, d, e, f = here.transform
    table = table.set_geometry(table.affine_transform([a, b, d, e, c, f])).set_crs(here.crs)
    table.to_file(tmp_path / "a.gpkg")
    words = (f"workspace={bare}", f"reference={tmp_path / 'a.gpkg'}", "reference_column=art", "parts=[retrieval]")
    evaluate(options(*words, "layers=[target]"))
    printed = " ".join(capsys.readouterr().out.split())
    assert "a.gpkg: a polygon crosses itself: all that it encloses counts note:" in printed
    assert "a.gpkg: left out: 1 lines" in printed
    assert "reference a.gpkg: a 46.1 ha (50 %), b 46.1 ha (50 %) note" in printed


@pytest.mark.parametrize(
    ("overrides", "error", "sentence"),
    [
        (["workspace=nowhere"], NotThere, "it is not an rsgraph workspace"),
        ([], ConfigError, "which workspace"),
        (
            ["workspace=w", "parts=[measure]"],
            ConfigError,
            "unknown part 'measure'; choose some of: measures",
        ),
        (["workspace=w", "parts=[]"], ConfigError, "`parts` must be a list"),
        (["workspace=w", "reference=nowhere.tif"], NotThere, "the reference nowhere.tif does not exist"),
        (["workspace=w", "reference_classes=water"], ConfigError, "`reference_classes` must be codes or names"),
        (["workspace=w", "reference_classes=[]"], ConfigError, "`reference_classes` must be codes or names"),
        (["workspace=w", "reference_classes=[0.5]"], ConfigError, "`reference_classes` must be codes or names"),
        (["workspace=w", "reference_column=3"], ConfigError, "reference_column must be a text or null"),
        (["workspace=w", "measures.among=[train]"], ConfigError, "measures.among must be a list of: all, test"),
        (["workspace=w", "rotation.chips=two"], ConfigError, "rotation.chips must be a whole number"),
        (["workspace=w", "labelling.strokes=0"], ConfigError, "labelling.strokes must be at least 1"),
        (["workspace=w", "maps.k=0"], ConfigError, "maps.k must be at least 1"),
        (["workspace=w", "retrieval.ks=[0]"], ConfigError, "retrieval.ks must be at least 1"),
        (["workspace=w", "parts=[[maps]]"], ConfigError, "unknown part"),
        (["workspace=w", "layers=[]"], ConfigError, "`layers` must be null or a list"),
        (["workspace=w", "layers=gnn2"], ConfigError, "`layers` must be null or a list"),
        (["workspace=w", "measures.lbp_method=nope"], ConfigError, "lbp_method"),
    ],
)
def test_mistakes_are_reported_in_one_sentence(
    overrides: list[str], error: type[Exception], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=sentence.replace("[", r"\[")):
        evaluate(options(*overrides))


def test_a_map_made_since_is_measured(measured: Path, tmp_path: Path) -> None:
    copy(measured, tmp_path / "w")
    evaluate(options(f"workspace={tmp_path / 'w'}", "labelling.projectors=[tsne]", "parts=[labelling]"))
    assert "tsne" not in set(table(tmp_path / "w", "maps")["projector"])
    evaluate(options(f"workspace={tmp_path / 'w'}", "parts=[maps]"))
    assert "tsne" in set(table(tmp_path / "w", "maps")["projector"])


def test_a_damaged_record_means_measuring_again(measured: Path, tmp_path: Path) -> None:
    copy(measured, tmp_path / "w")
    path = tmp_path / "w" / "evaluation" / "evaluation.json"
    path.unlink()
    path.write_text("[]")
    evaluate(options(f"workspace={tmp_path / 'w'}", "parts=[maps]"))
    assert set(json.loads(path.read_text())) == {"maps"}


def test_a_damaged_embedding_is_reported_in_one_sentence(measured: Path, tmp_path: Path) -> None:
    copy(measured, tmp_path / "w")
    path = tmp_path / "w" / "embeddings" / "gnn2.npy"
    path.unlink()
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(WorkspaceError, match=r"gnn2\.npy is damaged"):
        evaluate(options(f"workspace={tmp_path / 'w'}", "parts=[measures]", "measures.ssim_side=7"))


def test_many_segments_are_drawn_by_whole_chips(measured: Path, tmp_path: Path) -> None:
    copy(measured, tmp_path / "w")
    found = evaluate(options(f"workspace={tmp_path / 'w'}", "parts=[measures]", "measures.segments=150"))
    everything = len(Workspace(measured).segments)
    assert 0 < found["measures"]["segments"].max() <= 150 < everything


def test_an_unknown_layer_lists_the_choices(measured: Path) -> None:
    with pytest.raises(NotThere, match="has no layer 'gnn9'; choose one of: bands, own"):
        evaluate(options(f"workspace={measured}", "layers=[gnn9]", "parts=[measures]"))


def test_numbers_are_named_by_their_rows() -> None:
    found = numbers(
        "measures",
        pd.DataFrame([{"layer": "gnn2", "level": "context", "sam": 0.2, "lbp": np.nan}]),
        ["layer", "level"],
    )
    assert found == {"evaluation/measures/gnn2/context/sam": 0.2}


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Types a command in this process, which has imported all that a new one would; returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["rsgraph"])

    def type_in(*words: str) -> str:
        cli.main(words)
        return capfd.readouterr().out

    return type_in


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # MLflow asks in ways that are old by now
def test_the_command_line_logs_the_numbers_with_the_run_in_mlflow(typed: Callable[..., str], tmp_path: Path) -> None:
    words = [text for text in TINY if not text.startswith("tracking")]
    typed("run", *words, "workspace=tracked")
    printed = typed("evaluate", "tracked", "-m", "parts=[maps]", "maps.k=5,15")
    assert printed.count("trustworthiness") == 2 * 2  # the column and that of its error, for each k
    assert typed("export", "tracked", "-m", "exporter=geotiff,geojson").count("wrote") > 3
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        rows = store.execute("select run_uuid, value from metrics where key like 'evaluation/maps/%/trustworthiness'")
        runs, values = zip(*rows.fetchall(), strict=True)
    manifest = json.loads((tmp_path / "tracked" / "manifest.json").read_text())
    assert set(runs) == {manifest["stages"]["project"]["mlflow_run"]}
    assert len(values) == 2 * 4, "for each k, the maps of own, surroundings and own+gnn1, and that of chips"
    assert all(0 < value <= 1 for value in values)
