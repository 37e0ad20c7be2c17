"""The manifest and the records of stages: which stages there are, how keys look, which files a stage may claim.

What a manifest claims is deleted and replaced when a stage is made anew. So a stage may claim the files that it
writes (``STAGE_FILES``), and none else: not the labels, not what lies above the workspace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rsgraph.own_files.fields import Fields, damaged, is_number, shown
from rsgraph.own_files.names import is_file_name, is_layer_name, is_relative_name

STAGE_FILES: Mapping[str, tuple[str, ...]] = {
    "scene": ("scene.json", "chips.parquet", "levels.npz", "reference.tif*", "reference/*.tif*"),
    "segments": ("segments.tif", "segments/*.tif", "segments.parquet", "segments.json", "embeddings/bands.npy"),
    "graph": ("edges.npy", "edge_attributes.npy"),
    "metric": (
        "embeddings/own.npy",
        "embeddings/surroundings.npy",
        "models/metric.safetensors",
        "models/metric.json",
    ),
    "project": ("chips.parquet", "segments.parquet", "projections/*.parquet", "models/projector.*"),
    "match": ("similarity.npz",),
    "chip_map": ("chips.parquet", "projections/chips-*.parquet"),
    "target": ("targets.npz", "models/target.json"),
    "encoder": ("models/encoder.safetensors", "models/encoder.json"),
    "memberships": ("embeddings/target.npy",),
    "encode": ("embeddings/encoder.npy", "latents.npy", "models/encode.json"),
    "gnn": ("models/gnn.safetensors", "models/gnn.json", "embeddings/gnn*.npy"),
    "join": ("embeddings/own+*.npy", "models/join.safetensors", "models/join.json"),
    "trained_maps": ("projections/*.parquet",),
    "pictures": ("pictures/*.png",),
}
"""Stage -> the files that it may leave in a workspace; ``*`` stands for characters of one name, but no ``/``."""

_HASH = re.compile(r"[0-9a-f]{64}")
_CHIPS_BY = ("segments", "latent")


def is_key(text: object) -> bool:
    """Tell whether a text is a key or a hash: 64 hexadecimal digits."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def is_stage(text: object) -> bool:
    """Tell whether a text names a stage."""
    return isinstance(text, str) and text in STAGE_FILES


@cache
def _pattern(stage: str) -> re.Pattern[str]:
    """Return what the names of a stage's files match."""
    parts = (re.escape(each).replace(r"\*", "[^/]*") for each in STAGE_FILES[stage])
    return re.compile("|".join(parts))


def may_write(stage: str, name: object) -> bool:
    """Tell whether a file, by its name relative to the workspace, is one that a stage writes."""
    return is_relative_name(name) and _pattern(stage).fullmatch(str(name)) is not None


def check_outputs(stage: str, outputs: object, path: Path, place: str) -> None:
    """Check the files that a stage claims: name -> SHA-256. Raises WorkspaceError naming the first that is none."""
    if not isinstance(outputs, dict):
        raise damaged(path, f"'{place}' must be an object of files and their hashes. Got {shown(outputs)} instead")
    for name, known in outputs.items():
        if not may_write(stage, name):
            raise damaged(path, f"'{place}' claims {shown(name)}, which is no file that stage {stage} writes")
        if not isinstance(known, str):
            raise damaged(path, f"'{place}' must give a hash for {shown(name)}. Got {shown(known)} instead")


def check_record(entry: Fields, stage: str) -> None:
    """Check the record of one stage, as a manifest or ``stage.json`` of the cache holds it."""
    if entry.values.get("key", UNKNOWN) != UNKNOWN:
        entry.text("key", where=is_key, expected="64 hexadecimal digits")
    if entry.values.get("stage", stage) != stage:
        entry.refuse("stage", f"'{stage}'")
    check_outputs(stage, entry.values.get("outputs", {}), entry.path, entry.at("outputs"))
    seconds = entry.values.get("seconds", 0.0)
    if not is_number(seconds) or seconds < 0:
        entry.refuse("seconds", "a number of seconds")
    if "facts" in entry.values:
        entry.object("facts")
    entry.optional_text("mlflow_run")


UNKNOWN = ""
"""The key of a stage of which a manifest does not say one: that of no stage, so that it is made anew."""


def complete(stage: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a stage with all fields: what it does not say is nothing."""
    nothing = {"stage": stage, "key": UNKNOWN, "outputs": {}, "seconds": 0.0, "facts": {}}
    return {**nothing, **entry}


def check_manifest(found: dict[str, Any], path: Path) -> None:
    """Check a whole manifest.

    Parameters
    ----------
    found
        As it was read.
    path
        Of the file, for the sentence.

    Raises
    ------
    WorkspaceError
        A stage that does not exist, a key that is no hash, a file that its stage does not write, a name of a layer
        that is a path, or an entry of another type.
    """
    top = Fields(path, found)
    if "stages" in found:
        stages = top.object("stages")
        for name in stages.values:
            if not is_stage(name):
                raise damaged(path, f"'stages' names {shown(name)}; the stages are {', '.join(STAGE_FILES)}")
            check_record(stages.object(name), name)
    _check_layers(top)
    _check_maps(top)
    top.optional_text("ready")
    if found.get("run") is not None:
        check_run(top.object("run"))


def _check_layers(top: Fields) -> None:
    top.texts("layers", where=is_layer_name, expected="a list of names of layers", absent=[])
    if "default_layer" in top.values:
        top.text("default_layer", where=is_layer_name, expected="the name of a layer")


def _check_maps(top: Fields) -> None:
    if top.values.get("maps") is None:
        return
    for each in top.objects("maps"):
        layer = each.text("layer", where=is_layer_name, expected="the name of a layer")
        projector = each.text("projector", where=is_layer_name, expected="the name of a projector")
        places = ("segments.parquet", f"projections/{layer}-{projector}.parquet")
        each.text("path", where=places.__contains__, expected=" or ".join(places))


def check_run(run: Fields) -> None:
    """Check what a workspace says of the run that made it (``rsgraph.run.record``). Raises WorkspaceError."""
    if "identity" in run.values:
        _check_identity(run)
    if "chips_by" in run.values:
        run.text("chips_by", where=lambda text: text in _CHIPS_BY, expected=" or ".join(_CHIPS_BY))
    run.texts("experiment", absent=[])
    run.texts("stages", where=is_stage, expected="a list of stages", absent=[])
    if run.values.get("model") is not None:
        _check_model(run.object("model"))
    if run.values.get("addition") is not None:
        _check_addition(run.object("addition"))


def _check_identity(entry: Fields) -> None:
    entry.text("identity", where=is_key, expected="64 hexadecimal digits")


def _check_model(model: Fields) -> None:
    model.text("folder", where=is_local, expected="the path of a folder on this machine")
    _check_identity(model)
    model.texts("bands")
    model.flag("metric", absent=False)


def _check_addition(addition: Fields) -> None:
    _check_identity(addition)
    for name in ("scenes", "trained_on"):
        addition.texts(name, where=is_file_name, expected="a list of names of scenes")
    files = addition.values.get("files")
    if not isinstance(files, list) or not all(isinstance(each, list) and all(map(is_local, each)) for each in files):
        addition.refuse("files", "a list of paths for each scene")
    if len(files) != len(addition.values["scenes"]):
        addition.refuse("files", "a list of paths for each scene")
    stages = addition.object("stages")
    for name, key in stages.values.items():
        if not is_stage(name) or not is_key(key):
            stages.refuse(name, "the key of a stage, 64 hexadecimal digits")
    if addition.values.get("model") is not None:
        _check_model(addition.object("model"))


def is_local(path: object) -> bool:
    """Tell whether a path that a file names is on this machine: neither a URL nor one of GDAL's own (``/vsi``)."""
    return isinstance(path, str) and "\0" not in path and "://" not in path and not _REMOTE.match(path)


_REMOTE = re.compile(r"/*vsi|\w{2,}:/", re.IGNORECASE)
"""Beginnings of paths that are not files on this machine: ``/vsicurl/``, ``http:/``."""
