"""The workspace: a folder in open formats. This module knows its files and nothing of how they are made.

::

    config.yaml     manifest.json     scene.json      chips.parquet   segments.parquet   segments.tif
    targets.npz     models/           embeddings/     edges.npy       similarity.npz     projections/
    latents.npy     pictures/         labels.sqlite   exports/        segments.json    levels.npz
    sources.json

``segments.json`` is there where segments are stitched: by how many pixels they may reach beyond their chip.
``levels.npz`` has mean, deviation (chips, bands) and valid pixels (chips,) of each chip.
``models/`` holds ``metric``, ``encoder``, ``gnn``, ``join`` and, where it learnt its map from a sample, ``projector``
(``.safetensors`` and ``.json`` each). Of several scenes the tables have a column ``scene_id``, and
``segments/<scene>.tif`` takes the place of ``segments.tif``.
``latents.npy`` is there where the encoder makes a vector per chip: (chips, L), in the rows of ``chips.parquet``.
``scene.json`` holds what was found in the scene (bands, grid, statistics); ``pictures/`` what was drawn.
``sources.json`` tells where the scene's files and the workspace were when a run last used them, and what the files
held: by it they are found again when they move, together or apart (``rsgraph.run.sources``).
"""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout

from rsgraph.cache import StageCache, StageRecord
from rsgraph.errors import NotThere, OutputError, WorkspaceError
from rsgraph.files import atomic, file_state, place, sha256, write_json
from rsgraph.locks import lock_place, locked
from rsgraph.own_files.arrays import read_edges, read_matrix, read_similarity, read_targets
from rsgraph.own_files.config import read_config
from rsgraph.own_files.fields import Fields, once, read_json_object
from rsgraph.own_files.links import refuse_links
from rsgraph.own_files.manifest import check_manifest, complete
from rsgraph.own_files.names import inside
from rsgraph.own_files.scene import PER_BAND, check_statistics, read_scene_file, read_sources
from rsgraph.own_files.tables import Grid, read_chips, read_segments, row_count
from rsgraph.syncing import why_not_synced
from rsgraph.types import Distance, Floats, Similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

CLOSED_FORM = ("own", "surroundings")
"""Layers of the stage metric, which need no training."""

MAPPED = "project"
"""The stage with which the maps are there: from then on a workspace can be labelled."""

_ASKED = 0.3
"""Seconds for which a run waits for its mark: whoever asks whether one goes on holds the lock for a moment."""

_WIDEST = 10_000
"""Pixels by which a segment may reach beyond its chip: a bound for what a file says."""

JOINT = "+"
"""Stands in the name of a layer in which a trained one joins a closed-form one: ``own+gnn1``."""


def run_command(folder: Path, scene: str = "PATH") -> str:
    """Return the command that makes or completes a workspace, for a sentence: as a shell takes it.

    >>> run_command(Path("my w"), "ITS_PATH")
    "`rsgraph run ITS_PATH 'workspace=my w'`"
    """
    return f"`rsgraph run {scene} {shlex.quote(f'workspace={folder}')}`"


@dataclass(frozen=True)
class SceneInfo:
    """The facts that a workspace keeps of one scene.

    Parameters
    ----------
    name, bands, rows, columns, crs, transform, class_name, reflectance, assumed
        As in ``rsgraph.types.Scene``.
    files
        Where its pixels were read; where a workspace was moved together with them, where they are now.
    """

    name: str
    bands: tuple[str, ...]
    rows: int
    columns: int
    crs: str | None
    transform: tuple[float, ...]
    files: tuple[str, ...]
    class_name: str | None
    reflectance: bool = True
    assumed: str | None = None


class Workspace:
    """A folder of results.

    Parameters
    ----------
    folder
        Its path.
    links
        Whether symbolic links in it that lead out of it are the user's own, and may be written through.

    Examples
    --------
    >>> workspace = Workspace("workspaces/plymouth")
    >>> workspace.segments.columns[:3].tolist()
    ['segment_id', 'chip_id', 'row']
    """

    def __init__(self, folder: str | Path, *, links: bool = False) -> None:
        self.folder = Path(folder)
        self.links = links
        self._read: tuple[tuple[int, int, int], dict[str, Any]] | None = None

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r})"

    # what it holds

    def path(self, *parts: str) -> Path:
        """Return the path of a file in the workspace, whether it exists or not.

        Raises WorkspaceError for a name that would lead out of it (names come from files, too), and where a pipe or
        device stands in its place.
        """
        return inside(self.folder, *parts)

    def check_writable(self, *begin: str) -> None:
        """Check that what is written into it stays in it. Raises WorkspaceError naming a link out of it.

        ``begin``: how names begin in it that are written, such as ``exports``; none: all.
        """
        refuse_links(self.folder, *begin, allowed=self.links)

    def existing(self, *parts: str) -> Path:
        """Return the path of a file. Raises NotThere where it does not exist."""
        path = self.path(*parts)
        if not path.exists():
            made = "it is not an rsgraph workspace" if not self.path("manifest.json").exists() else "it is unfinished"
            raise NotThere(
                f"{self.folder} holds no {'/'.join(parts)}: {made}; make it with {run_command(self.folder)}"
            )
        return path

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest: stages with keys, outputs, seconds and facts; layers; versions."""
        path = self.path("manifest.json")
        if not path.exists():
            return {}
        found = read_json_object(path)
        once(path, "manifest", lambda: check_manifest(found, path))
        if "stages" in found:
            found["stages"] = {name: complete(name, entry) for name, entry in found["stages"].items()}
        return found

    @property
    def ready(self) -> bool:
        """Whether it can be labelled: its first maps are there, though networks may still be trained."""
        return MAPPED in self.manifest.get("stages", {})

    @property
    def unfinished(self) -> list[str]:
        """Stages that the run was to make and has not; none in a workspace whose run does not say what it planned."""
        manifest = self.manifest
        planned = (manifest.get("run") or {}).get("stages", ())
        return [name for name in planned if name not in manifest.get("stages", {})]

    @property
    def config(self) -> dict[str, Any]:
        """The resolved config that made the workspace."""
        return read_config(self.existing("config.yaml"))

    @property
    def _scene_file(self) -> dict[str, Any]:
        """The content of scene.json, read again only where it was replaced."""
        path = self.existing("scene.json")
        state = file_state(path)
        if self._read is None or self._read[0] != state:
            self._read = state, read_scene_file(path)
        return self._read[1]

    @property
    def scenes(self) -> list[SceneInfo]:
        """All scenes of the workspace."""
        return [
            SceneInfo(
                name=scene["name"],
                bands=tuple(scene["bands"]),
                rows=scene["rows"],
                columns=scene["columns"],
                crs=scene.get("crs"),
                transform=tuple(scene["transform"]),
                files=tuple(map(self.moved, scene["files"])),
                class_name=scene.get("class_name"),
                reflectance=scene.get("reflectance", True),
                assumed=scene.get("assumed"),
            )
            for scene in self._scene_file["scenes"]
        ]

    @cached_property
    def sources(self) -> dict[str, Any]:
        """What ``sources.json`` holds: folder, path, files; empty in workspaces of before there was any."""
        path = self.path("sources.json")
        return read_sources(path) if path.exists() else {}

    def moved(self, path: str) -> str:
        """Return where a file of the scene is now, if it was moved together with the workspace; else as recorded."""
        before, now = self.sources.get("folder"), os.path.abspath(self.folder)
        if not os.path.isabs(path):
            return self._inside(path) if os.path.exists(self._inside(path)) else path
        if before is None or before == now:
            return path
        with suppress(ValueError):  # on another drive, on Windows
            together = os.path.normpath(os.path.join(now, os.path.relpath(path, before)))
            return together if os.path.exists(together) else path
        return path

    @property
    def scene(self) -> SceneInfo:
        """The scene. Raises WorkspaceError for a collection (use ``scenes``)."""
        scenes = self.scenes
        if len(scenes) != 1:
            raise WorkspaceError(f"{self.folder} holds {len(scenes)} scenes; use `workspace.scenes`")
        return scenes[0]

    @property
    def survey(self) -> dict[str, Any]:
        """Statistics of the scene: per band mean, std, minimum, maximum, percentiles; counts of masked pixels."""
        found: dict[str, Any] = self._scene_file["survey"]
        return found

    def check_statistics(self, *needed: str) -> None:
        """Check that ``survey`` holds statistics, by default all. Raises WorkspaceError naming one that is not."""
        check_statistics(self._scene_file, self.existing("scene.json"), needed or PER_BAND)

    @property
    def segments(self) -> DataFrame:
        """The table of segments: segment_id, chip_id, row, column, area_px, x, y.

        Of several scenes also scene_id.
        """
        chips = self.path("chips.parquet")
        ids = read_chips(chips)["chip_id"].to_numpy() if chips.exists() else None
        return read_segments(self.existing("segments.parquet"), self._grids, ids)

    @property
    def chips(self) -> DataFrame:
        """The table of chips: chip_id, row_offset, column_offset, rows, columns, valid_fraction, split, x, y.

        Of several scenes also scene_id.
        """
        return read_chips(self.existing("chips.parquet"), self._grids)

    @property
    def _grids(self) -> dict[str, Grid] | None:
        """The sizes of the scenes by name; None where none are known yet."""
        if not self.path("scene.json").exists():
            return None
        return {scene["name"]: Grid(scene["rows"], scene["columns"]) for scene in self._scene_file["scenes"]} or None

    @property
    def layers(self) -> list[str]:
        """Names of the embeddings: bands, target, encoder, gnn1 ..."""
        return list(self.manifest.get("layers", []))

    @property
    def default_layer(self) -> str:
        """The layer that chips are matched on and points are drawn from."""
        return str(self.manifest.get("default_layer", "encoder"))

    def compared_by(self, layer: str) -> Distance:
        """Return the distance that vectors of a layer are compared by.

        Euclidean where a metric was applied to them (own, surroundings, and layers in which a trained one joins own);
        cosine, as in the paper, where they are raw. Search, predictions and maps of segments go by it; matchers of
        chips compare by cosine, whatever the layer.
        """
        return "euclidean" if layer in CLOSED_FORM or JOINT in layer else "cosine"

    @property
    def maps(self) -> list[dict[str, str]]:
        """The 2-D maps of segments in the order in which they are offered: layer, projector and path of each.

        The first is the default one, x and y of ``segments``. Maps that a viewer draws on demand are not listed.
        """
        found = self.manifest.get("maps")
        if found is None:  # of a version that drew one
            projector = str(self.config["projector"]["name"])
            found = [{"layer": self.default_layer, "projector": projector, "path": "segments.parquet"}]
        return list(found)

    @property
    def chips_by(self) -> str:
        """What chips are compared by: ``segments`` (their nodes) or ``latent`` (the encoder's vector of each)."""
        made = self.manifest.get("run") or {}
        if "chips_by" not in made and self.path("config.yaml").exists():
            made = {"chips_by": self.config.get("compared", "segments")}  # as version 0.1.0 wrote it
        return str(made.get("chips_by", "segments"))

    def embedding(self, layer: str | None = None) -> Floats:
        """Return one layer's vectors, (segments, D) float32, memory-mapped, in row order of ``segments``.

        Raises NotThere (with the choices) for a layer that the workspace does not hold, and WorkspaceError where its
        file is damaged: not float32, not one row per segment, or not finite.
        """
        name = layer or self.default_layer
        path = self.path("embeddings", f"{name}.npy")
        if not path.exists():
            raise NotThere(f"{self.folder} has no layer '{name}'; choose one of: {', '.join(self.layers)}")
        return read_matrix(path, rows=self.segment_count)

    @property
    def segment_count(self) -> int | None:
        """Number of segments, by what their table says of itself; None where there is none yet."""
        table = self.path("segments.parquet")
        return row_count(table) if table.exists() else None

    def targets(self, *, bands: int | None = None, needed: Sequence[str] = ("centres",)) -> dict[str, NDArray[Any]]:
        """Return what soft classes were fitted: cluster ``centres`` (C, bands), and what else the component keeps.

        Parameters
        ----------
        bands
            That the centres must have; None: any number.
        needed
            Arrays that the component reads (``rsgraph.protocols.Target.fitted``).

        Raises
        ------
        NotThere
            None were fitted yet.
        WorkspaceError
            The file is damaged, or the centres are of other bands.
        """
        return read_targets(self.existing("targets.npz"), bands=bands, needed=needed)

    @property
    def latents(self) -> Floats:
        """One vector per chip of the encoder, (chips, L) float32, memory-mapped, in row order of ``chips``.

        Raises NotThere where the encoder makes none (autoencoder does).
        """
        path = self.path("latents.npy")
        if not path.exists():
            raise NotThere(f"{self.folder} has no vectors per chip: its encoder makes none (encoder=autoencoder)")
        chips = self.path("chips.parquet")
        return read_matrix(path, rows=row_count(chips) if chips.exists() else None)

    @property
    def edges(self) -> NDArray[np.int64]:
        """Edges (2, E) as indices into ``segments``: row 0 sends, row 1 receives."""
        return read_edges(self.existing("edges.npy"), nodes=self.segment_count)

    @property
    def edge_attributes(self) -> Floats | None:
        """Attributes of the edges (E, attributes) float32, memory-mapped; None where they have none."""
        path = self.path("edge_attributes.npy")
        return read_matrix(path, rows=self.edges.shape[1]) if path.exists() else None

    @property
    def matched(self) -> bool:
        """Whether chips have been compared with each other."""
        return self.path("similarity.npz").exists()

    @property
    def similarity(self) -> Similarity:
        """Chip-to-chip similarity."""
        chips = self.path("chips.parquet")
        found = read_similarity(self.existing("similarity.npz"), chips=row_count(chips) if chips.exists() else None)
        given_up = {
            name.removeprefix(_GIVEN_UP): int(count) for name, count in found.items() if name.startswith(_GIVEN_UP)
        }
        return Similarity(
            indices=found["indices"],
            similarities=found["similarities"],
            error=found["error"],
            solved=int(found["solved"]),
            given_up=given_up,
            **{name: found.get(name) for name in ("matrix", "dual", "ceiling")},
        )

    def segment_file(self, scene: str | None = None) -> Path:
        """Return the raster of segment ids, of one scene where the workspace holds several."""
        single = self.path("segments.tif")
        return single if single.exists() or scene is None else self.existing("segments", f"{scene}.tif")

    @property
    def segment_overlap(self) -> int:
        """By how many pixels segments may reach beyond their chip: 0 unless stitched (``segments.json``)."""
        about = self.path("segments.json")
        if not about.exists():
            return 0
        return Fields(about, read_json_object(about)).integer("overlap", least=0, most=_WIDEST)

    # how its stages get in

    def intact(self) -> dict[str, str]:
        """Hash every file that the manifest claims; return file -> SHA-256 of those that are there."""
        names = {name for record in self.manifest.get("stages", {}).values() for name in record["outputs"]}
        return {name: sha256(self.path(name)) for name in sorted(names) if self.path(name).is_file()}

    def forget(self, stages: Collection[str]) -> None:
        """Drop stages that are to be made anew, with the files that only they own, so that no stale file is read."""
        dropped = [entry for name, entry in self.manifest.get("stages", {}).items() if name in stages]
        if not dropped:
            return
        self.change_manifest(lambda manifest: _without(manifest, stages))
        kept = _files(self.manifest)
        for entry in dropped:
            for file in set(entry["outputs"]) - kept:
                self.path(file).unlink(missing_ok=True)

    def adopt(
        self,
        record: StageRecord,
        cache: StageCache,
        *,
        run_id: str | None,
        layers: Sequence[str],
        default_layer: str,
        maps: Sequence[Mapping[str, str]],
        replaced: Collection[str] = (),
    ) -> None:
        """Put a stored stage's outputs into the workspace; enter it in the manifest, and which maps are there.

        Files that are ``replaced`` stay as they are: a later stage, which is finished, made them of this one's.
        """
        origin = cache.place_of(record.stage, record.key)
        for name in {*record.outputs}.difference(replaced):
            place(origin / name, self.path(name))
        entry = {**record.to_json(), "mlflow_run": run_id}
        made = [name for name in layers if self.path("embeddings", f"{name}.npy").exists()]

        def entered(manifest: dict[str, Any]) -> dict[str, Any]:
            found = {**manifest, "stages": {**manifest.get("stages", {}), record.stage: entry}}
            there = {"layers": made, "default_layer": default_layer, "maps": _drawn(maps, _files(found))}
            return {**found, **there}

        self.change_manifest(entered)

    def _inside(self, path: str) -> str:
        """Return the path of a file that is named as seen from the workspace: the sample's scene lies in it."""
        return os.path.join(os.path.abspath(self.folder), path)

    def enter_scenes(self, named: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Enter names and files of the scenes of this run: another one may have surveyed the same pixels elsewhere.

        Parameters
        ----------
        named
            Name and absolute paths of the files, scene by scene.
        """
        path = self.existing("scene.json")
        found = read_scene_file(path)
        own = [{"name": name, "files": list(files)} for name, files in named]
        scenes = [{**scene, **each} for scene, each in zip(found["scenes"], own, strict=True)]
        there = [{**scene, "files": [self._inside(file) for file in scene["files"]]} for scene in found["scenes"]]
        if scenes == there:
            return
        write_json(path, {**found, "scenes": scenes})
        digest = sha256(path)

        def entered(manifest: dict[str, Any]) -> dict[str, Any]:
            stages = manifest["stages"]
            owner = next(name for name, stage in stages.items() if "scene.json" in stage["outputs"])
            before = stages[owner]["outputs"]
            surveyed = stages[owner].get("surveyed", before["scene.json"])
            entry = {**stages[owner], "outputs": {**before, "scene.json": digest}, "surveyed": surveyed}
            return {**manifest, "stages": {**stages, owner: entry}}

        self.change_manifest(entered)

    def enter_sources(self, sources: Mapping[str, Any]) -> None:
        """Write ``sources.json``, where it says anything else."""
        if self.sources != sources:
            write_json(self.path("sources.json"), sources)
            self.__dict__.pop("sources", None)

    def mark_ready(self) -> None:
        """Enter the time from which the workspace can be labelled, if none is entered yet."""
        if "ready" not in self.manifest:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self.change_manifest(lambda manifest: {**manifest, "ready": now})

    def enter_tracked(self, stages: Collection[str], run_id: str) -> None:
        """Enter which MLflow run stages were made in, where that was opened only after them."""

        def entered(manifest: dict[str, Any]) -> dict[str, Any]:
            found = manifest["stages"]
            named = {name: {**found[name], "mlflow_run": run_id} for name in stages if name in found}
            return {**manifest, "stages": {**found, **named}}

        self.change_manifest(entered)

    @contextmanager
    def being_made(self) -> Iterator[None]:
        """Let other processes know that a run goes on with this workspace; two that do so at once may.

        Raises OutputError where the workspace cannot be written.
        """
        path = self.path("run.lock")
        with ExitStack() as held:
            with suppress(Timeout):
                held.enter_context(locked(path, path, timeout=_ASKED))
            yield

    @property
    def is_being_made(self) -> bool:
        """Whether another process goes on with it; False where that cannot be asked, as nothing can be written."""
        path = self.path("run.lock")
        if not self.folder.exists() or not lock_place(path).exists():
            return False
        try:
            with locked(path, path, timeout=0):
                return False
        except Timeout:
            return True
        except OutputError:
            return False

    def change_manifest(self, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Put what ``change`` makes of the manifest in its place; processes that do so take turns.

        Raises OutputError where the workspace cannot be written.
        """
        path = self.path("manifest.json")
        with locked(self.path("manifest.json.lock"), path):
            write_json(path, self._marked(change(self.manifest)))

    def _marked(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Mark a manifest on a share that cannot fsync folders; elsewhere take the mark off."""
        found, reason = (
            {name: each for name, each in manifest.items() if name != "not_synced"},
            why_not_synced(self.folder),
        )
        return found if reason is None else {**found, "not_synced": reason}

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Replace the manifest, whatever it was."""
        self.change_manifest(lambda _: manifest)


def made_by(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return file -> SHA-256 of what a stage made, by its entry in the manifest; names of scenes do not count."""
    outputs = dict(entry.get("outputs", {}))
    return outputs | {"scene.json": entry["surveyed"]} if "surveyed" in entry else outputs


def _files(manifest: Mapping[str, Any]) -> set[str]:
    """Return the files of all stages in a manifest."""
    return {file for entry in manifest.get("stages", {}).values() for file in entry["outputs"]}


def _without(manifest: Mapping[str, Any], stages: Collection[str]) -> dict[str, Any]:
    """Return a manifest without some stages, and without the layers and maps that go with them."""
    left = {name: entry for name, entry in manifest["stages"].items() if name not in stages}
    found = {**manifest, "stages": left}
    files = _files(found)
    found["layers"] = [name for name in manifest.get("layers", []) if f"embeddings/{name}.npy" in files]
    if "maps" in manifest:
        found["maps"] = _drawn(manifest["maps"], files)
    if MAPPED not in left:
        found.pop("ready", None)
    return found


def _drawn(maps: Sequence[Mapping[str, str]], files: Collection[str]) -> list[dict[str, str]]:
    """Return those of some maps that are among the files of stages."""
    return [dict(each) for each in maps if f"projections/{each['layer']}-{each['projector']}.parquet" in files]


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write one array as .npy, atomically."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


_GIVEN_UP = "given_up_"


def similarity_arrays(similarity: Similarity) -> dict[str, NDArray[Any]]:
    """Return what similarity.npz holds: indices, similarities, error, solved, and the other arrays of the matcher."""
    arrays = {name: getattr(similarity, name) for name in ("indices", "similarities", "error")}
    optional = {name: getattr(similarity, name) for name in ("matrix", "dual", "ceiling")}
    counts = {"solved": similarity.solved, **{_GIVEN_UP + name: n for name, n in similarity.given_up.items()}}
    return {
        **arrays,
        **{name: array for name, array in optional.items() if array is not None},
        **{name: np.array(count, dtype=np.int64) for name, count in counts.items()},
    }


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as .npz, atomically."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def write_table(path: Path, table: DataFrame) -> None:
    """Write a table as parquet, atomically."""
    with atomic(path) as temporary:
        table.to_parquet(temporary, index=False)
