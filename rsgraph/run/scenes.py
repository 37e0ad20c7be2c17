"""Before the first stage: the scene is opened, the model found, the workspace chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.components import from_config
from rsgraph.config import flatten
from rsgraph.errors import ConfigError, ModelMismatch, NotReadable, NotUsable, WorkspaceMismatch
from rsgraph.files import digest, read_json, sha256
from rsgraph.io.chips import chip_extent, cut
from rsgraph.io.fingerprint import fingerprint
from rsgraph.journal.journal import Journal, journal_of
from rsgraph.stages.context import Opened
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


@dataclass(frozen=True)
class Held:
    """What a scene is known by that a workspace holds: as in ``Scene``."""

    name: str
    files: tuple[str, ...]
    bands: tuple[str, ...]


def open_scenes(config: Mapping[str, Any]) -> list[Scene]:
    """Open what the user named; of a collection draw ``data.limit`` images by the seed.

    Several paths are one collection: each is opened by itself, scenes of one name are numbered, bands that stand in
    another order than those of the first scene are put into its order.

    Raises
    ------
    ConfigError
        ``data.path`` is an empty list, or names one thing twice.
    NotReadable
        There is no ``data.path``, and the reader needs one.
    InputError
        What the reader raises; scenes that do not have the same bands.
    """
    reader = from_config("reader", config["reader"])
    scenes = _named_apart([scene for path in _paths(config, needed=reader.needs_path) for scene in reader.open(path)])
    limit = config["data"]["limit"]
    if limit is not None and limit < len(scenes):
        if limit < 1:
            raise NotUsable(f"data.limit must be at least 1. Got {limit} instead.")
        drawn = np.random.default_rng(config["seed"]).choice(len(scenes), size=limit, replace=False)
        scenes = [scenes[index] for index in sorted(drawn)]
    return scenes if config["model"].get("bands") else [_like(scene, scenes[0]) for scene in scenes]


def _paths(config: Mapping[str, Any], *, needed: bool) -> list[Path | None]:
    """Return what is to be opened, one by one."""
    path = config["data"]["path"]
    if path is None:
        name = config["reader"]["name"]
        if needed:
            raise NotReadable(
                f"reader={name} needs the path of a scene and none was given; give the path of a file or folder, as "
                "in `rsgraph run scene.tif`, or say reader=synthetic."
            )
        return [None]
    named = [path] if isinstance(path, str) else list(path)
    twice = next((each for each in named if named.count(each) > 1), None)
    if twice is not None or not named:
        told = f"names {twice} twice" if named else "is an empty list"
        raise ConfigError(f"data.path {told}; expected each scene once, as in data.path=[a.tif,b.tif]")
    return [Path(each).expanduser() for each in named]


def absolute(path: str | Sequence[str] | None) -> str | list[str] | None:
    """Make ``data.path`` independent of the folder that one stands in.

    Raises ConfigError where it is a list of anything but texts.
    """
    if path is None:
        return None
    if isinstance(path, str):
        return str(Path(path).expanduser().absolute())
    wrong = [each for each in path if not isinstance(each, str)]
    if wrong:
        raise ConfigError(f"data.path must list paths, as in data.path=[a.tif,b.tif]. Got {wrong[0]!r} among them.")
    return [str(Path(each).expanduser().absolute()) for each in path]


def _named_apart(scenes: Sequence[Scene]) -> list[Scene]:
    """Number later scenes of one name (a, a_1, a_2): the first keeps its name when scenes are added at the end."""
    taken: set[str] = set()
    named = []
    for scene in scenes:
        names = chain([scene.name], (f"{scene.name}_{number}" for number in count(1)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        named.append(scene if name == scene.name else replace(scene, name=name))
    return named


def held_first(scenes: Sequence[Scene], held: Sequence[Held]) -> list[Scene]:
    """Put the scenes of a workspace before all others: in its order, under its names, all with its order of bands.

    They are known by their files, or by name where those were moved. Whether they are the same still is for
    ``fingerprint`` to say. Where one of them is missing, everything stays as it is.
    """
    numbers = _numbers(scenes, held)
    if len(numbers) < len(held) or not held:
        return list(scenes)
    first = [replace(scenes[number], name=each.name) for number, each in zip(numbers, held, strict=True)]
    taken = {*numbers}
    named = _named_apart([*first, *(scene for number, scene in enumerate(scenes) if number not in taken)])
    same = {*held[0].bands} == {*scenes[0].bands}
    return [_with_bands(scene, held[0].bands) for scene in named] if same else named


def _numbers(scenes: Sequence[Scene], held: Sequence[Held]) -> list[int]:
    """Return which of the scenes the held ones are, without those that are none of them."""
    numbered = list(enumerate(scenes))
    both = {(scene.name, _places(scene.files)): number for number, scene in numbered}
    of_files = {_places(scene.files): number for number, scene in reversed(numbered) if scene.files}
    of_names = {scene.name: number for number, scene in numbered}
    found: dict[int, Held] = {}
    for each in held:
        places = _places(each.files)
        number = both.get((each.name, places), of_files.get(places, of_names.get(each.name)))
        if number is not None:
            found.setdefault(number, each)
    return list(found)


def _places(files: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(os.path.abspath(file) for file in files)


def _like(scene: Scene, first: Scene) -> Scene:
    """Put a scene's bands into the order of the first one's. Raises NotUsable where they are not the same."""
    if scene.bands == first.bands:
        return scene
    differing = sorted({*scene.bands} ^ {*first.bands})
    if differing or len(scene.bands) != len(first.bands):
        raise NotUsable(
            f"{scene.name} has the bands {', '.join(scene.bands)}, but {first.name} has {', '.join(first.bands)}; a "
            "collection must have the same bands throughout: leave this one out, or choose those that all have with "
            "reader.bands=[...]"
        )
    return _with_bands(scene, first.bands)


def _with_bands(scene: Scene, wanted: Sequence[str]) -> Scene:
    if scene.bands == tuple(wanted):
        return scene
    order = tuple(scene.bands.index(band) for band in wanted)
    return replace(scene, bands=tuple(wanted), source=_Bands(scene.source, order))


def notes(scenes: Sequence[Scene]) -> list[str]:
    """Return what the scenes have to say; what only some say begins with their names.

    Returns
    -------
    list of str
        Each text once, in the order of the scenes.
    """
    said: dict[str, list[str]] = {}
    for scene in scenes:
        for text in dict.fromkeys(scene.notes):
            said.setdefault(text, []).append(scene.name)
    return [text if len(names) == len(scenes) else f"{_shown(names)}: {text}" for text, names in said.items()]


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def cut_chips(config: Mapping[str, Any], scenes: Sequence[Scene]) -> Opened:
    """Cut scenes into chips, before it is known which of them hold data."""
    chips = config["chips"]
    found = cut(scenes, size=chips["size"], edges=chips["edges"], test_every=chips["test_every"])
    held = len((config.get("grown_from") or {"scenes": ()})["scenes"])
    return Opened(scenes, found, chip_extent(scenes, chips["size"]), held)


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
    made = model.config
    return {
        **config,
        **{section: made[section] for section in _LEARNT},
        "model": {"from": str(model.folder.resolve()), "identity": model_identity(model), "bands": about["bands"]},
    }


def model_identity(workspace: Workspace) -> str:
    """Return what tells the classes, encoder and GNN of a workspace from others: the hash of their files."""
    present = [name for name in _MODEL_FILES if workspace.path(name).exists()]
    return digest({name: sha256(workspace.path(name)) for name in present})


def with_model_bands(scenes: Sequence[Scene], config: Mapping[str, Any]) -> list[Scene]:
    """Match a scene's bands to the model's, by name. Raises ModelMismatch naming those that are missing."""
    wanted = config["model"]["bands"]
    if wanted is None:
        return list(scenes)
    return [_with_model_bands(scene, wanted, config["model"]["from"]) for scene in scenes]


def _with_model_bands(scene: Scene, wanted: Sequence[str], origin: str) -> Scene:
    missing = [band for band in wanted if band not in scene.bands]
    if missing:
        raise ModelMismatch(
            f"the model in {origin} needs the bands {', '.join(wanted)}; {scene.name} lacks "
            f"{', '.join(missing)} (it has {', '.join(scene.bands)}). Name the bands with reader.bands=[...] where "
            "the file does not, or train on this scene without model.from"
        )
    return _with_bands(scene, wanted)


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
        held = [Held(scene.name, scene.files, scene.bands) for scene in self.scenes]
        scenes = held_first(with_model_bands(open_scenes(config), config), held)
        if fingerprint(scenes, known=None) != config["identity"]:
            raise WorkspaceMismatch(
                f"{shown_path(config['data']['path'])} is not the scene that {self.folder} was made from (its "
                "content changed); put the old one back, or run again with overwrite=true"
            )
        return scenes


def shown_path(path: str | Sequence[str] | None) -> str:
    """Return ``data.path`` for a sentence; of many paths the first three."""
    return str(path) if path is None or isinstance(path, str) else _shown(path)


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
        there, now = made.get("data", {}).get("path"), config["data"]["path"]
        differ.append(f"the scene ({shown_path(there)} there, {shown_path(now)} now)")
    before, here = flatten(made), flatten(dict(config))
    for key in sorted({*before, *here}):
        section = any(key == name or key.startswith(f"{name}.") for name in compared)
        if section and before.get(key) != here.get(key):
            differ.append(f"{key} ({before.get(key)} there, {here.get(key)} now)")
    if differ:
        shown = "; ".join(differ[:6]) + (f"; and {len(differ) - 6} more" if len(differ) > 6 else "")
        raise WorkspaceMismatch(
            f"the workspace {workspace.folder} was made otherwise: {shown}. Give another folder with workspace=..., "
            "or add overwrite=true to change this one (stages that do not differ are kept)"
        )
