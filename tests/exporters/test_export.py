"""`rsgraph export`, and the same for Python: everything, only labels of a person, only a selection."""

from __future__ import annotations

import getpass
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from rsgraph import build
from rsgraph.components import BUILT_IN
from rsgraph.errors import ConfigError, NotThere, UnknownComponent
from rsgraph.exporters.export import export_workspace
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import write_classes, write_labels


@pytest.fixture
def labelled(finished: Workspace, tmp_path: Path) -> Path:
    """A finished workspace with labels: every third segment water by hand, every third land, propagated."""
    folder = tmp_path / "work (1)"
    folder.mkdir()
    for path in finished.folder.iterdir():
        (folder / path.name).symlink_to(path)
    rows = [
        (i, "water" if i % 3 == 1 else "land", "human" if i % 3 == 1 else "propagated", 0.9, "ann", f"2026-01-01T{i}")
        for i in finished.segments["segment_id"].tolist()
        if i % 3
    ]
    write_labels(folder / "labels.sqlite", rows)
    write_classes(folder / "labels.sqlite", [("land", "#a06020"), ("water", "#2060c0")])
    return folder


def rsgraph(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rsgraph", "export", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("name", [name for name in BUILT_IN["exporter"] if name != "geoparquet"])
def test_every_exporter_writes_a_scope_with_its_provenance(name: str, labelled: Path, tmp_path: Path) -> None:
    ids = np.arange(1, 40)
    written = export_workspace(
        labelled, name, folder=tmp_path / "out", origins=["human"], segment_ids=ids, author="eve"
    )
    assert written
    assert all(path.exists() for path in written)
    facts = find_facts([path for place in written for path in ([place] if place.is_file() else place.rglob("*"))])
    assert facts["exported_by"] == "eve"
    assert facts["scope"] == {"origins": ["human"], "selected_segments": 39}
    assert facts["label_origins"] == {"human": 13}
    assert facts["label_authors"] == {"ann": 13}
    assert len(facts["config_sha256"]) == 64
    assert facts["label_times"] == ["2026-01-01T1", "2026-01-01T7"]


def find_facts(paths: list[Path]) -> dict[str, object]:
    """Read the provenance as any program would."""
    for path in paths:
        if path.suffix == ".tif":
            with rasterio.open(path) as file:
                return dict(json.loads(file.tags()["RSGRAPH"]))
        if path.suffix == ".gpkg":
            with closing(sqlite3.connect(path)) as database:
                text = database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0]
            return dict(json.loads(text[text.index("{") : text.rindex("}") + 1]))
        if path.suffix in (".json", ".geojson"):
            found = json.loads(path.read_text())
            found = found.get("rsgraph", found) if isinstance(found.get("rsgraph", found), dict) else found
            for inner in ("properties", "info"):
                found = found.get(inner, {}).get("rsgraph", found)
            if "exported_by" in found:
                return dict(found)
    raise AssertionError(f"no provenance in {paths}")


def test_export_workspace_defaults_to_everything_in_the_exports_folder(labelled: Path) -> None:
    exporter = build("exporter", name="geopackage", dissolve="class")
    seen: list[tuple[int, int]] = []
    (path,) = export_workspace(str(labelled), exporter, progress=lambda done, total: seen.append((done, total)))
    assert path == labelled / "exports" / "classes_polygons.gpkg"
    frame = gpd.read_file(path)
    assert frame["label"].tolist() == ["land", "water"]
    assert seen[-1][0] == seen[-1][1]


def test_export_workspace_names_what_is_wrong(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownComponent, match="unknown exporter 'shapefile'; choose one of: chips, coco"):
        export_workspace(labelled, "shapefile")
    with pytest.raises(ConfigError, match="one or several of: human"):
        export_workspace(labelled, "geotiff", origins=["me"])
    with pytest.raises(NotThere, match=r"holds no manifest\.json"):
        export_workspace(tmp_path / "nothing", "geotiff")
    assert not (labelled / "exports").exists()


def test_verb_exports_only_what_a_person_labelled(labelled: Path, tmp_path: Path) -> None:
    done = rsgraph(str(labelled), "exporter=geojson", "exporter.dissolve=class", "labels=human", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = labelled / "exports" / "classes_polygons.geojson"
    assert done.stdout.strip().endswith(f"wrote {path}")
    frame = gpd.read_file(path)
    assert frame.crs.to_epsg() == 32630
    assert frame["label"].tolist() == ["water"]
    facts = json.loads(path.read_text())["rsgraph"]
    assert facts["scope"] == {"origins": ["human"], "selected_segments": None}
    assert facts["exported_by"] == getpass.getuser()


def test_verb_exports_only_a_selection(labelled: Path, tmp_path: Path) -> None:
    (tmp_path / "my ids, (2).csv").write_text("segment_id\n4\n2\n")
    words = ["exporter=geopackage", "exporter.embeddings=false", "labels=[human,propagated]"]
    done = rsgraph(str(labelled), *words, "selection=my ids, (2).csv", "folder=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(gpd.read_file(tmp_path / "out" / "segments_polygons.gpkg")["segment_id"]) == [2, 4]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["labels=humn"], "`labels` must be all, or one or several of: human, imported, propagated, classified"),
        (["labels=classified"], "no segment has a label of origin classified"),
        (["selection=gone.csv"], "gone.csv does not exist"),
        (["selection=3"], "`selection` must be a file that ends in"),
        (["exporter=geopackage", "exporter.dissolve=all"], "none, class, regions"),
    ],
)
def test_verb_says_in_one_sentence_what_is_wrong(words: list[str], said: str, labelled: Path, tmp_path: Path) -> None:
    done = rsgraph(str(labelled), *words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (labelled / "exports").exists() or not list((labelled / "exports").iterdir())
