"""The provenance of an export: the same JSON inside every file that leaves the workspace."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pandas as pd

from rsgraph.files import sha256
from rsgraph.protocols import Export

KEY = "rsgraph"
"""Name of the GeoPackage item, GeoParquet key and GeoJSON member; in capitals the GeoTIFF tag."""


def provenance(export: Export, *, layer: str | None) -> dict[str, Any]:
    """Return the facts of an export: versions, workspace, labels, author and time.

    Parameters
    ----------
    export
        Of its workspace ``config.yaml`` and ``manifest.json`` are read.
    layer
        The embedding in the export, or None.

    Returns
    -------
    dict
        JSON-able: rsgraph (version), written (UTC), workspace (folder name), scenes (names, at most ten) and
        scene_count, config_sha256 (of config.yaml), layer, model_run (MLflow run of the GNN, else of the encoder),
        stages (name -> key in the manifest and MLflow run), labels (how many segments have one), label_origins
        (origin -> how many), label_authors (author -> how many), label_times (first and last, or None),
        exported_by, scope (the origins and the number of selected_segments that it was restricted to, or None).
    """
    workspace, labels = export.workspace, export.labels
    origins = None if export.origins is None else list(export.origins)
    scenes = [scene.name for scene in workspace.scenes]
    return {
        "rsgraph": version("rsgraph"),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "workspace": workspace.folder.resolve().name,
        "scenes": scenes[:10],
        "scene_count": len(scenes),
        "config_sha256": sha256(workspace.existing("config.yaml")),
        "layer": layer,
        "model_run": _model_run(workspace.manifest.get("stages", {})),
        "stages": {name: _stage(record) for name, record in workspace.manifest.get("stages", {}).items()},
        "labels": len(labels),
        "label_origins": _counts(labels["origin"]),
        "label_authors": _counts(labels["author"]),
        "label_times": _span(labels["time"].dropna()),
        "exported_by": export.author or _user(),
        "scope": {"origins": origins, "selected_segments": export.selected},
    }


def _counts(column: pd.Series[Any]) -> dict[str, int]:
    counts = column.fillna("unknown").value_counts().sort_index()
    return {str(value): int(count) for value, count in counts.items()}


def _span(times: pd.Series[Any]) -> list[Any] | None:
    return [times.min(), times.max()] if len(times) else None


def _user() -> str:
    """Return the login name; a process in a container may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _model_run(stages: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the MLflow run of the last stage that learns; None where runs were not tracked."""
    runs = [stages[name].get("mlflow_run") for name in ("gnn", "encoder", "target") if name in stages]
    return next((str(run) for run in runs if run), None)


def _stage(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": record.get("key"), "mlflow_run": record.get("mlflow_run")}


def as_text(facts: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return JSON on one line."""
    return json.dumps(facts, ensure_ascii=False)


def tiff_tags(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a GeoTIFF: the JSON, and who wrote it when in TIFF's own words."""
    moment = datetime.fromisoformat(facts["written"])
    return {
        KEY.upper(): as_text(facts),
        "TIFFTAG_SOFTWARE": f"rsgraph {facts['rsgraph']}",
        "TIFFTAG_DATETIME": f"{moment:%Y:%m:%d %H:%M:%S}",
    }
