"""Before the first stage: the scene is opened, the model found, the workspace chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.components import from_config
from rsgraph.config import flatten
from rsgraph.errors import ModelMismatch, NotUsable, WorkspaceMismatch
from rsgraph.files import digest, read_json, sha256
from rsgraph.io.chips import chip_extent, cut
from rsgraph.io.fingerprint import fingerprint
from rsgraph.labels.journal import Journal, journal_of
from rsgraph.pipeline.context import Opened
from rsgraph.types import Chip, PixelSource, Raster, Scene, Window
from rsgraph.workspace import Workspace

_LEARNT = ("target", "encoder", "gnn")
_MODEL_FILES = (
    "targets.npz",
    "models/encoder.json",
    "models/encoder.safetensors",
    "models/gnn.json",
    "models/gnn.safetensors",
)


def open_scenes(config: Mapping[str, Any]) -> list[Scene]:
    """Open what the user named; of a collection draw ``data.limit`` images by the seed."""
    reader = from_config("reader", config["reader"])
    path = config["data"]["path"]
    scenes = list(reader.open(Path(path).expanduser() if path is not None else None))
    limit = config["data"]["limit"]
    if limit is not None and limit < len(scenes):
        if limit < 1:
            raise NotUsable(f"data.limit must be at least 1. Got {limit} instead.")
        drawn = np.random.default_rng(config["seed"]).choice(len(scenes), size=limit, replace=False)
        scenes = [scenes[index] for index in sorted(drawn)]
    _check_same_bands(scenes)
    return scenes


def _check_same_bands(scenes: Sequence[Scene]) -> None:
    for scene in scenes:
        if scene.bands != scenes[0].bands:
            raise NotUsable(
                f"{scene.name} has the bands {', '.join(scene.bands)}, but {scenes[0].name} has "
                f"{', '.join(scenes[0].bands)}; a collection must have the same bands throughout"
            )


def cut_chips(config: Mapping[str, Any], scenes: Sequence[Scene]) -> Opened:
    """Cut scenes into chips, before it is known which of them hold data."""
    chips = config["chips"]
    found = cut(scenes, size=chips["size"], edges=chips["edges"], test_every=chips["test_every"])
    return Opened(scenes, found, chip_extent(scenes, chips["size"]))


def keep_chips(opened: Opened, workspace: Workspace) -> Opened:
    """Return the chips that hold data, as the workspace lists them."""
    table = workspace.chips
    index = {scene.name: number for number, scene in enumerate(opened.scenes)}
    of_scene = [index[name] for name in table["scene_id"]] if "scene_id" in table else [0] * len(table)
    columns = (table[name].to_list() for name in ("row_offset", "column_offset", "rows", "columns"))
    windows = [Window(*numbers) for numbers in zip(*columns, strict=True)]
    rows = zip(table["chip_id"].to_list(), of_scene, windows, table["split"].to_list(), strict=True)
    return replace(opened, chips=[Chip(*row) for row in rows])


@dataclass(frozen=True)
class _Bands:
    """Some bands of another source, in a given order."""

    source: PixelSource
    order: tuple[int, ...]

    def read(self, window: Window) -> Raster:
        """Read one window."""
        raster = self.source.read(window)
        return replace(raster, values=np.ascontiguousarray(raster.values[list(self.order)]))


def with_model(config: dict[str, Any]) -> dict[str, Any]:
    """Take classes, encoder and GNN from ``model.from``: their sections replace those of the config.

    Raises NotThere where that is no finished workspace.
    """
    origin = config["model"]["from"]
    if not origin:
        return {**config, "model": {"from": None, "identity": None, "bands": None}}
    model = Workspace(Path(origin).expanduser())
    about = read_json(model.existing("models", "encoder.json"))
    model.existing("models", "gnn.json")
    model.existing("targets.npz")
    present = [name for name in _MODEL_FILES if model.path(name).exists()]
    identity = digest({name: sha256(model.path(name)) for name in present})
    made = model.config
    return {
        **config,
        **{section: made[section] for section in _LEARNT},
        "model": {"from": str(model.folder.resolve()), "identity": identity, "bands": about["bands"]},
    }


def with_model_bands(scenes: Sequence[Scene], config: Mapping[str, Any]) -> list[Scene]:
    """Match a scene's bands to the model's, by name. Raises ModelMismatch naming those that are missing."""
    wanted = config["model"]["bands"]
    if wanted is None:
        return list(scenes)
    has = scenes[0].bands
    missing = [band for band in wanted if band not in has]
    if missing:
        raise ModelMismatch(
            f"the model in {config['model']['from']} needs the bands {', '.join(wanted)}; {scenes[0].name} lacks "
            f"{', '.join(missing)} (it has {', '.join(has)}). Name the bands with reader.bands=[...] where the "
            "file does not, or train on this scene without model.from"
        )
    order = tuple(has.index(band) for band in wanted)
    return [replace(scene, bands=tuple(wanted), source=_Bands(scene.source, order)) for scene in scenes]


class Reopened(Workspace):
    """A workspace whose scenes can be read again, for exporters that need the pixels."""

    def journal(self, *, read_only: bool = False, author: str | None = None) -> Journal:
        """Open the label journal; as ``rsgraph.Workspace.journal``."""
        return journal_of(self, read_only=read_only, author=author)

    def opened(self) -> list[Scene]:
        """Open the scenes as the run did.

        Raises
        ------
        NotReadable
            The scene is not where it was.
        WorkspaceMismatch
            It is another one than the workspace was made from.
        """
        config = self.config
        scenes = with_model_bands(open_scenes(config), config)
        if fingerprint(scenes, known=None) != config["identity"]:
            raise WorkspaceMismatch(
                f"{config['data']['path']} is not the scene that {self.folder} was made from (its content changed); "
                "put the old one back, or run again with overwrite=true"
            )
        return scenes


def check_same(workspace: Workspace, config: Mapping[str, Any], compared: Sequence[str]) -> None:
    """Refuse to continue a workspace that was made from another scene or with other options.

    Raises
    ------
    WorkspaceMismatch
        Saying what differs and how to force.
    """
    if not workspace.path("config.yaml").exists() or config["overwrite"]:
        return
    made = workspace.config
    differ = []
    if made.get("identity") != config["identity"]:
        differ.append(f"the scene ({made.get('data', {}).get('path')} there, {config['data']['path']} now)")
    there, here = flatten(made), flatten(dict(config))
    for key in sorted({*there, *here}):
        section = any(key == name or key.startswith(f"{name}.") for name in compared)
        if section and there.get(key) != here.get(key):
            differ.append(f"{key} ({there.get(key)} there, {here.get(key)} now)")
    if differ:
        shown = "; ".join(differ[:6]) + (f"; and {len(differ) - 6} more" if len(differ) > 6 else "")
        raise WorkspaceMismatch(
            f"the workspace {workspace.folder} was made otherwise: {shown}. Give another folder with workspace=..., "
            "or add overwrite=true to change this one (stages that do not differ are kept)"
        )
