"""Scenes of a run: opened, named apart, matched to the model's bands, cut into chips; and those of a workspace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rsgraph.cache import MODELS, StageCache
from rsgraph.errors import (
    ConfigError,
    ModelMismatch,
    NotReadable,
    NotThere,
    NotUsable,
    WorkspaceError,
    WorkspaceMismatch,
)
from rsgraph.files import digest, expanded, place, sha256
from rsgraph.io.chips import chip_extent, cut
from rsgraph.io.fingerprint import hashes, identified
from rsgraph.options import ChipOptions, ModelOptions, Options, read_choice, read_options
from rsgraph.own_files.links import refuse_links
from rsgraph.own_files.models import check_model, read_encoder
from rsgraph.own_files.names import file_safe, is_file_name
from rsgraph.own_files.scene import read_scene_file
from rsgraph.run.continuing import own_config
from rsgraph.run.record import read_record
from rsgraph.stages.context import Opened
from rsgraph.stages.plan import GivenModel, Plan, plan_of
from rsgraph.types import Chip, PixelSource, Raster, Scene, Window
from rsgraph.workspace import Workspace, run_command

if TYPE_CHECKING:
    from rsgraph.journal.journal import Journal

_MODEL_FILES = (
    "targets.npz",
    "models/encoder.json",
    "models/encoder.safetensors",
    "models/gnn.json",
    "models/gnn.safetensors",
    "models/metric.json",
    "models/metric.safetensors",
    "models/join.json",
    "models/join.safetensors",
)


@dataclass(frozen=True)
class Held:
    """What a scene is known by that a workspace holds: as in ``Scene``, and the hashes of its files, if recorded."""

    name: str
    files: tuple[str, ...]
    bands: tuple[str, ...]
    contents: tuple[str, ...] = ()


def held_by(workspace: Workspace) -> list[Held]:
    """Return the scenes of a workspace. Raises WorkspaceError where they are not surveyed yet, or damaged."""
    known = workspace.sources.get("files", {})
    recorded = (scene["files"] for scene in read_scene_file(workspace.existing("scene.json"))["scenes"])
    contents = (tuple(known[file]["sha256"] for file in files if file in known) for files in recorded)
    return [
        Held(scene.name, scene.files, scene.bands, hashed if len(hashed) == len(scene.files) else ())
        for scene, hashed in zip(workspace.scenes, contents, strict=True)
    ]


def open_scenes(options: Options, model: GivenModel | None = None) -> list[Scene]:
    """Open what the user named; of a collection draw ``data.limit`` images by the seed.

    Several paths are one collection: each is opened by itself, scenes of one name are numbered, bands that stand in
    another order than those of the first scene (or of the model) are put into its order.

    Raises
    ------
    ConfigError
        ``data.path`` is an empty list, or names one thing twice.
    NotReadable
        There is no ``data.path``, and the reader needs one.
    ModelMismatch
        A scene lacks bands that the model needs, or their names are assumed otherwise.
    InputError
        What the reader raises; scenes that do not have the same bands.
    """
    reader = options.reader.build()
    paths = _paths(options, needed=reader.needs_path)
    scenes = _named_apart(_alike([scene for path in paths for scene in reader.open(path)]))
    limit = options.data.limit
    if limit is not None and limit < len(scenes):
        if limit < 1:
            raise NotUsable(f"data.limit must be at least 1. Got {limit} instead.")
        drawn = np.random.default_rng(options.seed).choice(len(scenes), size=limit, replace=False)
        scenes = [scenes[index] for index in sorted(drawn)]
    if model is not None:
        vouched = options.reader.parameters.get("bands") is not None
        return [_with_model_bands(scene, model, vouched=vouched) for scene in scenes]
    return [_like(scene, scenes[0]) for scene in scenes]


def _alike(scenes: Sequence[Scene]) -> Sequence[Scene]:
    """Read scenes of a collection by one scale."""
    if len(scenes) == 1:
        return scenes
    from rsgraph.io.plausible import agreeing

    return agreeing(scenes)


def _paths(options: Options, *, needed: bool) -> list[Path | None]:
    """Return what is to be opened, one by one."""
    path = options.data.path
    if path is None:
        name = options.reader.name
        if needed:
            raise NotReadable(
                f"reader={name} needs the path of a scene and none was given; give the path of a file or folder, as "
                "in `rsgraph run scene.tif`, or say reader=synthetic."
            )
        return [None]
    named = [path] if isinstance(path, str) else list(path)
    twice = next((each for each in named if named.count(each) > 1), None)
    if twice is not None or not named:
        fault = f"names {twice} twice" if named else "is an empty list"
        raise ConfigError(f"data.path {fault}; expected each scene once, as in data.path=[a.tif,b.tif]")
    return [expanded(each) for each in named]


def absolute(path: str | Sequence[str] | None) -> str | list[str] | None:
    """Make ``data.path`` independent of the folder that one stands in.

    Raises ConfigError where it is a list of anything but texts.
    """
    if path is None:
        return None
    if isinstance(path, str):
        return str(expanded(path).absolute())
    wrong = [each for each in path if not isinstance(each, str)]
    if wrong:
        raise ConfigError(f"data.path must list paths, as in data.path=[a.tif,b.tif]. Got {wrong[0]!r} among them.")
    return [str(expanded(each).absolute()) for each in path]


def _named_apart(scenes: Sequence[Scene]) -> list[Scene]:
    """Number later scenes of one name (a, a_1, a_2): the first keeps its name when scenes are added at the end.

    Names that are no names of files, as a reader of another package may give them, are turned into some.
    """
    taken: set[str] = set()
    named = []
    for scene in scenes:
        title = scene.name if is_file_name(scene.name) else file_safe(scene.name)
        names = chain([title], (f"{title}_{number}" for number in count(1)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        named.append(scene if name == scene.name else replace(scene, name=name))
    return named


def held_first(
    scenes: Sequence[Scene], held: Sequence[Held], *, memo: Path | None = None, renamed: bool = False
) -> list[Scene]:
    """Put the scenes of a workspace before all others: in its order, under its names, all with its order of bands.

    They are known by their files, or where those were moved by what they hold, or by name. Whether they are the same
    still is for ``fingerprint`` to say. Where one of them is missing, everything stays as it is.

    Parameters
    ----------
    scenes, held
        That were opened, and that the workspace holds.
    memo
        See :func:`rsgraph.io.fingerprint.fingerprint`.
    renamed
        Whether an only scene, whose name stands in no table, takes the name of its file as it is now.
    """
    numbers = _numbers(scenes, held, memo)
    if len(numbers) < len(held) or not held:
        return list(scenes)
    first = [replace(scenes[number], name=each.name) for number, each in zip(numbers, held, strict=True)]
    if renamed and len(scenes) == 1:
        first = [replace(first[0], name=scenes[0].name)]
    taken = {*numbers}
    named = _named_apart([*first, *(scene for number, scene in enumerate(scenes) if number not in taken)])
    same = {*held[0].bands} == {*scenes[0].bands}
    return [_with_bands(scene, held[0].bands) for scene in named] if same else named


def _numbers(scenes: Sequence[Scene], held: Sequence[Held], memo: Path | None) -> list[int]:
    """Return which of the scenes the held ones are, without those that are none of them."""
    numbered = list(enumerate(scenes))
    both = {(scene.name, _places(scene.all_files)): number for number, scene in numbered}
    exact = [both.get((each.name, _places(each.files))) for each in held]
    if all(number is not None for number in exact):
        return list(dict.fromkeys(number for number in exact if number is not None))
    of_files = {_places(scene.all_files): number for number, scene in reversed(numbered) if scene.all_files}
    of_names = {scene.name: number for number, scene in numbered}
    of_contents = _by_contents(scenes, held, memo)
    found: dict[int, Held] = {}
    for each in held:
        places = _places(each.files)
        near = both.get((each.name, places), of_files.get(places, of_names.get(each.name)))
        alike = [number for number in of_contents.get(each.contents, []) if number not in found]
        number = near if near in alike or not alike else alike[0]
        if number is not None:
            found.setdefault(number, each)
    return list(found)


_Hashes = tuple[str, ...]


def _by_contents(scenes: Sequence[Scene], held: Sequence[Held], memo: Path | None) -> dict[_Hashes, list[int]]:
    """Return hashes of files -> numbers of scenes that hold them; of none, where no hash was recorded."""
    found: dict[_Hashes, list[int]] = {}
    if not any(each.contents for each in held):
        return found
    contents = hashes((file for scene in scenes for file in scene.all_files), known=memo)
    for number, scene in enumerate(scenes):
        hashed = tuple(contents[file] for file in _places(scene.all_files))
        if hashed:
            found.setdefault(hashed, []).append(number)
    return found


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


def cut_chips(chips: ChipOptions, scenes: Sequence[Scene], *, held: int = 0) -> Opened:
    """Cut scenes into chips, before it is known which of them hold data; ``held`` scenes were there before."""
    found = cut(scenes, size=chips.size, edges=chips.edges, test_every=chips.test_every)
    return Opened(scenes, found, chip_extent(scenes, chips.size), held)


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


def with_model(options: Options) -> tuple[Options, GivenModel | None]:
    """Take classes, metric, encoder and GNN from ``model.from``: they replace those of the options.

    Raises NotThere where that is no finished workspace.
    """
    origin = options.model.from_
    if not origin:
        return options, None
    workspace = Workspace(expanded(origin))
    for name in (("models", "encoder.json"), ("models", "gnn.json"), ("targets.npz",)):
        workspace.existing(*name)
    check_given(workspace)
    about = read_encoder(workspace.existing("models", "encoder.json"))
    made = own_config(workspace)
    target, encoder, gnn = (read_choice(kind, made[kind]) for kind in ("target", "encoder", "gnn"))
    model = given_model(workspace, about["bands"])
    taken = replace(options, target=target, encoder=encoder, gnn=gnn, model=ModelOptions(model.folder))
    if model.metric:
        width = float(made["embedding"]["surroundings"])
        embedding = replace(options.embedding, surroundings=width)
        taken = replace(taken, metric=read_choice("metric", made["metric"]), embedding=embedding)
    return taken, model


def check_given(workspace: Workspace, *, named: str | None = None) -> None:
    """Check the files of a model that is applied without training.

    Parameters
    ----------
    workspace
        That holds them.
    named
        The folder that the user knows them by, where they are kept elsewhere.

    Raises
    ------
    WorkspaceError
        One is damaged, does not fit the others, or holds a value that is not finite.
    """
    folder = named or str(workspace.folder)
    try:
        check_model(workspace.folder)
    except WorkspaceError as error:
        why = str(error).replace(str(workspace.folder), folder)
        raise WorkspaceError(f"the model in {folder} (model.from) cannot be applied: {why}") from error


def given_model(workspace: Workspace, bands: Sequence[str]) -> GivenModel:
    """Return the model that a workspace holds, which reads these bands."""
    folder, metric = str(workspace.folder.resolve()), workspace.path("models", "metric.json").exists()
    return GivenModel(folder, model_identity(workspace), tuple(bands), metric, _assumed(workspace))


def _assumed(workspace: Workspace) -> str | None:
    """Return how the names of a workspace's bands were known, as in ``GivenModel``."""
    if own_config(workspace)["reader"].get("rules") == 1 or not workspace.path("scene.json").exists():
        return ""
    return workspace.scenes[0].assumed


def keep_model(model: GivenModel | None, workspace: Workspace, cache: Path) -> Path | None:
    """Keep the files of a model beside the stage cache, and return their folder: stages take them from there.

    Parameters
    ----------
    model
        That is given; None: nothing is kept.
    workspace
        That the run writes into: after scenes were added to it, the model is its own.
    cache
        Folder of the stage cache.

    Raises
    ------
    WorkspaceError
        It cannot be applied, or the cache leads elsewhere by symbolic links.
    """
    if model is None:
        return None
    kept = cache / MODELS / model.identity[:32]
    partial = kept.with_suffix(".partial")
    for folder in (kept, partial):
        StageCache(cache).refuse_linked(folder)
        refuse_links(folder)
    origins = [each for each in (workspace, Workspace(model.folder)) if model_identity(each) == model.identity]
    if kept.exists() and model_identity(Workspace(kept)) != model.identity:
        shutil.rmtree(kept)  # it was changed since
    if not kept.exists() and origins:
        for name in (*_MODEL_FILES, "models/target.json"):
            if origins[0].path(name).exists():
                place(origins[0].path(name), partial / name)
        os.replace(partial, kept)
    found = kept if kept.exists() else Path(model.folder)
    if (found / "models" / "encoder.json").exists():
        check_given(Workspace(found), named=model.folder)
    return found


def model_identity(workspace: Workspace) -> str:
    """Return what tells the classes, metric, encoder and GNN of a workspace from others: the hash of their files."""
    present = [name for name in _MODEL_FILES if workspace.path(name).exists()]
    return digest({name: sha256(workspace.path(name)) for name in present})


def known_alike(scene: Scene, model: GivenModel) -> bool:
    """Tell whether names of bands are proven, or assumed in the same way, in a scene and where a model learnt."""
    return model.assumed in ("", scene.assumed)


def _with_model_bands(scene: Scene, model: GivenModel, *, vouched: bool) -> Scene:
    """Match a scene's bands to the model's, by name.

    Raises ModelMismatch naming those that are missing, and where names are assumed that nobody vouched for.
    """
    missing = [band for band in model.bands if band not in scene.bands]
    if missing:
        raise ModelMismatch(
            f"the model in {model.folder} needs the bands {', '.join(model.bands)}; {scene.name} lacks "
            f"{', '.join(missing)} (it has {', '.join(scene.bands)}). Name the bands with reader.bands=[...] where "
            "the file does not, or train on this scene without model.from"
        )
    if not vouched and not known_alike(scene, model):
        there, here = (each or "named by their files" for each in (model.assumed, scene.assumed))
        raise ModelMismatch(
            f"the bands of the model in {model.folder} are {there}, those of {scene.name} {here}: nothing says that "
            f"they are the same. Where they are, vouch for it by naming the bands of {scene.name} in its "
            f"file's order with reader.bands=[{','.join(scene.bands)}], or train on this scene without model.from"
        )
    return _with_bands(scene, model.bands)


class Reopened(Workspace):
    """A workspace whose scenes can be read again, for exporters that need the pixels."""

    def journal(self, *, read_only: bool = False, author: str | None = None) -> Journal:
        """Open the label journal; as ``rsgraph.Workspace.journal``."""
        from rsgraph.journal.journal import journal_of

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
        from rsgraph.run.sources import located

        options, record = self.options, read_record(self)
        path = located(self, options.data.path)
        found = open_scenes(replace(options, data=replace(options.data, path=path)), record.model if record else None)
        held = held_by(self)
        scenes = held_first(found, held)[: len(held)]  # a folder may have got more of them
        if record is not None and identified(scenes, record.identity, known=None) != record.identity:
            raise WorkspaceMismatch(
                f"{shown_path(path)} is not the scene that {self.folder} was made from (it was changed, or is read "
                f"otherwise). If that one lies elsewhere, say where: {run_command(self.folder, 'ITS_PATH')}; "
                "with overwrite=true the workspace is made anew from what is here"
            )
        return scenes

    @property
    def options(self) -> Options:
        """The options that made the workspace."""
        return read_options(own_config(self))

    @property
    def plan(self) -> Plan:
        """The plan that made the workspace. Raises NotThere where none was begun."""
        options, record = self.options, read_record(self)
        self.existing("config.yaml")
        if record is None:
            raise NotThere(f"{self.folder} does not say of which scenes it was made: it is unfinished; run it again")
        plan = plan_of(options, record.identity, record.model, record.addition)
        return replace(plan, chips_by=record.chips_by)


def shown_path(path: str | Sequence[str] | None) -> str:
    """Return ``data.path`` for a sentence; of many paths the first three."""
    return str(path) if path is None or isinstance(path, str) else _shown(path)
