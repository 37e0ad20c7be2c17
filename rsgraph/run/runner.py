"""Walks the stages: skips what is there, takes what another run made, computes the rest."""

from __future__ import annotations

import platform
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.cache import StageCache, StageRecord
from rsgraph.components import KINDS, from_config, registry
from rsgraph.config import refuse_targets
from rsgraph.console import duration, note, progress, say
from rsgraph.errors import ConfigError
from rsgraph.files import digest, make_folder, read_json, write_text
from rsgraph.io.display import choose_bands
from rsgraph.io.fingerprint import fingerprint
from rsgraph.io.path_names import path_name
from rsgraph.journal.storage import set_aside
from rsgraph.protocols import Workers
from rsgraph.registry import check_types
from rsgraph.run.adding import (
    as_before,
    grown,
    held_scenes,
    keeps_segments,
    known_outputs,
    outputs_before,
    remember,
    told,
)
from rsgraph.run.paths import cache_folder, workspace_folder
from rsgraph.run.plan import COMPARED, STAGES, Stage, compared, default_layer, keys, layers, needed
from rsgraph.run.scenes import (
    absolute,
    check_same,
    cut_chips,
    held_first,
    keep_chips,
    notes,
    open_scenes,
    with_model,
    with_model_bands,
)
from rsgraph.stages.context import Context, Opened
from rsgraph.tracking import Tracker, store, ui_command
from rsgraph.types import Scene
from rsgraph.workspace import Workspace

_RECORDED = ("rsgraph", "numpy", "scikit-image", "scikit-fuzzy", "torch", "torch-geometric", "umap-learn")


def run(config: dict[str, Any], *, point: Path | None = None) -> Workspace:
    """Run all stages on a scene.

    Parameters
    ----------
    config
        The resolved config (``conf/run.yaml``), plain dicts.
    point
        Workspace of a sweep point; None for a single run.

    Returns
    -------
    Workspace
        Finished.

    Raises
    ------
    RsgraphError
        Anything that the user can mend; what was finished stays and is used by the next run.
    """
    started = time.monotonic()
    config = with_model(_checked(config))
    scenes = with_model_bands(open_scenes(config), config)
    name = scenes[0].name if len(scenes) == 1 else path_name(config["data"]["path"])
    workspace = Workspace(point or workspace_folder(config["workspace"], name))
    scenes = held_first(scenes, held_scenes(config, workspace))
    beside = workspace.folder.parent if point is None else workspace.folder.parent.parent
    cache = StageCache(cache_folder(config["cache"]["path"], beside))
    config = {**config, "layer": default_layer(config), "compared": compared(config)}
    config = {**config, "identity": _identity(scenes, cache.folder)}
    config = grown(config, workspace, scenes, cache.folder / "fingerprints.json")
    if workspace.path("config.yaml").exists():
        check_same(workspace, as_before(config, workspace.config), COMPARED)
    wanted, there = keys(config), workspace.intact()
    if all(_finished(workspace, stage.name, wanted, there) for stage in STAGES):
        say(f"{workspace.folder} is up to date: nothing to do (looked for {duration(time.monotonic() - started)})")
        return workspace
    opened = cut_chips(config, scenes)
    say(f"{name}: {_what(opened)} -> {workspace.folder}")
    _check_all(config, opened)
    if config["grown_from"]:
        say(told(config, scenes))
    elif config["model"]["identity"]:
        say(f"classes, encoder and GNN, with their options, are those of {config['model']['from']}")
    for text in notes(scenes):
        note(text)
    tracker = _start_tracking(config, workspace, beside)
    try:
        shared = _shared(config, make_folder(workspace.folder), make_folder(cache.folder))
        with from_config("executor", config["executor"]).open(shared) as workers:
            _walk(_Running(config, wanted, workspace, cache, tracker, workers), opened, there)
    except BaseException as error:
        _end(tracker, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    _end(tracker, "FINISHED")
    _tell(workspace, tracker, time.monotonic() - started)
    return workspace


def _identity(scenes: Sequence[Scene], cache: Path) -> str:
    with progress("reading") as report:
        return fingerprint(scenes, known=cache / "fingerprints.json", progress=report)


def _shared(config: Mapping[str, Any], *folders: Path) -> list[Path]:
    """Return what all workers must see: the scenes and the folders that stages are read from and written to."""
    path = config["data"]["path"]
    named = [] if path is None else [path] if isinstance(path, str) else list(path)
    return [*(Path(each) for each in named), *(folder.resolve() for folder in folders)]


def _checked(config: dict[str, Any]) -> dict[str, Any]:
    """Check what can be checked without the scene; return the config with the scene's path made absolute."""
    refuse_targets(config)
    for section in (*KINDS[:-1], "training", "trainer", "data", "chips", "model", "cache", "tracking", "embedding"):
        if not isinstance(config[section], Mapping):
            raise ConfigError(
                f"the section '{section}' must be a mapping of options. Got {config[section]!r} instead."
            )
    for kind in KINDS[:-1]:
        registry(kind).check(config[kind]["name"])
    check_types("data", _data, config["data"])
    check_types("model", _model, {"from_": config["model"]["from"]})
    top = {name: config[name] for name in ("seed", "draw", "overwrite", "workspace")}
    for name, value in top.items():
        check_types("option", _top, {name: value})
    if config["seed"] < 0:
        raise ConfigError(f"seed must be at least 0. Got {config['seed']} instead.")
    return {**config, "data": {**config["data"], "path": absolute(config["data"]["path"])}}


def _top(seed: int, draw: bool, overwrite: bool, workspace: str | None) -> None:  # a schema
    """Types of the options that belong to no section."""


def _data(path: str | list[str] | None, limit: int | None) -> None:
    """Types of the options of ``data``."""


def _model(from_: str | None) -> None:
    """Types of the options of ``model``."""


def _what(opened: Opened) -> str:
    scenes, bands = opened.scenes, f"{len(opened.bands)} bands ({', '.join(opened.bands)})"
    sizes = sorted({(scene.columns, scene.rows) for scene in scenes}, key=lambda size: size[0] * size[1])
    size = " to ".join(f"{columns} x {rows}" for columns, rows in dict.fromkeys((sizes[0], sizes[-1])))
    several = f"{len(scenes)} images of " if opened.collection else ""
    return f"{several}{size} pixels, {bands}, {len(opened.chips)} chips"


def _finished(workspace: Workspace, stage: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Whether a stage's outputs are in the workspace, undamaged.

    A later stage may have replaced a file (the tables, when x and y are added): then its hash counts.
    """
    stages = workspace.manifest.get("stages", {})
    if stages.get(stage, {}).get("key") != wanted[stage]:
        return False
    owners: dict[str, str] = {}
    for each in STAGES:
        owners.update(stages.get(each.name, {}).get("outputs", {}))
    return all(there.get(name) == owners[name] for name in stages[stage]["outputs"])


def _check_all(config: Mapping[str, Any], opened: Opened) -> None:
    """Build everything that takes options, so that mistakes show before any work; say where is computed."""
    from rsgraph import training

    for kind in KINDS[:-1]:
        from_config(kind, config[kind])
    for part, options in (("encoder", training.EncoderOptions), ("gnn", training.TrainingOptions)):
        check_types(f"training.{part}", options, config["training"][part])
        options(**config["training"][part])
    check_types("trainer", training.Hardware, config["trainer"])
    hardware = training.Hardware(**config["trainer"])
    choose_bands(opened.bands, config["display"])
    together = training.describe_together(hardware)
    say(f"{training.describe(hardware)} {together}".strip())


def _start_tracking(config: Mapping[str, Any], workspace: Workspace, beside: Path) -> Tracker | None:
    found = store(config, beside)
    if found is None:
        return None
    uri, artifacts = found
    tracker = Tracker(uri, artifacts, config["tracking"]["experiment"], workspace.folder.name)
    tracker.parameters({key: value for key, value in config.items() if key != "tracking"})
    tracker.tag("workspace", str(workspace.folder.resolve()))
    return tracker


@dataclass(frozen=True)
class _Running:
    """What stays the same from stage to stage: options and keys, where outputs go, who is told and who computes."""

    config: dict[str, Any]
    wanted: Mapping[str, str]
    workspace: Workspace
    cache: StageCache
    tracker: Tracker | None
    workers: Workers


def _walk(running: _Running, opened: Opened, there: Mapping[str, str]) -> None:
    config, workspace = running.config, running.workspace
    finished = {stage.name for stage in STAGES if _finished(workspace, stage.name, running.wanted, there)}
    remember(config, workspace, running.cache)
    if "segments" not in finished and not config["grown_from"]:
        _keep_labels(workspace)
    if config["grown_from"]:  # only this tells that scenes are being added, once the stages before are forgotten
        _write_config(config, workspace)
    workspace.forget([stage.name for stage in STAGES if stage.name not in finished])
    _write_config(config, workspace)
    for stage in STAGES:
        if stage.name in finished:
            say(f"  {stage.name:<12} up to date")
        else:
            _obtain(stage, running, opened)
        if stage.name == "scene":
            opened = keep_chips(opened, workspace)


def _write_config(config: Mapping[str, Any], workspace: Workspace) -> None:
    write_text(workspace.path("config.yaml"), yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))


def _obtain(stage: Stage, running: _Running, opened: Opened) -> None:
    """Take a stage's outputs from the cache or compute them, and put them into the workspace."""
    config, workspace, cache, tracker = running.config, running.workspace, running.cache, running.tracker
    key = running.wanted[stage.name]
    with cache.lock(stage.name, key):
        record = cache.find(stage.name, key)
        reused = record is not None
        if record is None:
            record = _compute(stage, running, opened)
        if stage.name == "segments" and config["grown_from"] and not keeps_segments(config, cache, key):
            _keep_labels(workspace)
        run_id = tracker.run_id if tracker else None
        workspace.adopt(record, cache, run_id=run_id, layers=layers(config), default_layer=config["layer"])
    how = "taken from the cache" if reused else duration(record.seconds)
    say(f"  {stage.name:<12} {how:<22} {_findings(record)}".rstrip())
    for text in record.facts.get("notes") or ():
        note(text)
    _track(stage, record, workspace, tracker, reused=reused)


def _compute(stage: Stage, running: _Running, opened: Opened) -> StageRecord:
    from rsgraph.stages.known_blocks import KnownBlocks  # with the stages: a workspace up to date needs neither

    config, workspace, cache, workers = running.config, running.workspace, running.cache, running.workers
    key = running.wanted[stage.name]
    folder = cache.partial(stage.name, key)
    started = time.monotonic()

    def epoch(part: str, number: int, metrics: Mapping[str, float]) -> None:
        if running.tracker:
            running.tracker.metrics({f"{part}/{name}": value for name, value in metrics.items()}, step=number)

    kept = _kept(stage, folder.resolve() / "work", workspace)
    blocks = ResumableBlocks(workers, kept)
    on_device = blocks if workers.own_devices else ResumableBlocks(Threads(1), kept)
    before, known = outputs_before(config, stage.name, cache), known_outputs(config, stage.name, cache, opened.side)
    looked_up: dict[str, Any] = {
        "blocks": KnownBlocks(blocks, known, opened.held),
        "on_device": KnownBlocks(on_device, known, opened.held),
        "before": before,
        "known": known,
    }
    with progress(stage.name) as report:
        facts = stage.run(Context(config, opened, workspace, folder, folder / "work", report, epoch, **looked_up))
    workers.release()
    resumed = blocks.resumed + (0 if on_device is blocks else on_device.resumed)
    if resumed:
        facts["resumed_blocks"] = resumed
    facts["versions"] = {name: version(name) for name in _RECORDED} | {"python": platform.python_version()}
    facts["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
    return cache.commit(stage.name, key, time.monotonic() - started, facts)


def _kept(stage: Stage, work: Path, workspace: Workspace) -> Path:
    """Return where a stage keeps its blocks: a folder for what the stages it builds on have made, others removed.

    Their keys are not enough: what is computed again under the same key may differ (another processor, a GPU).
    """
    recorded = workspace.manifest.get("stages", {})
    inputs = {name: recorded[name]["outputs"] for name in needed(stage)}
    folder = work / f"blocks-{digest(inputs)[:16]}"
    for other in work.glob("blocks-*"):
        if other != folder:
            shutil.rmtree(other)
    return folder


def _findings(record: StageRecord) -> str:
    hidden = {"versions", "finished", "notes", "layer"}
    shown = {key: value for key, value in record.facts.items() if key not in hidden and value not in (None, [], "")}
    return ", ".join(
        f"{key.replace('_', ' ')} {value}" for key, value in shown.items() if not isinstance(value, dict)
    )


def _track(stage: Stage, record: StageRecord, workspace: Workspace, tracker: Tracker | None, *, reused: bool) -> None:
    if tracker is None:
        return
    tracker.metrics({f"seconds/{stage.name}": record.seconds, f"reused/{stage.name}": float(reused)})
    for name in record.outputs:
        if name.endswith(".png"):
            tracker.artifact(workspace.path(name), "pictures")
        if reused and name in ("models/encoder.json", "models/gnn.json"):
            _track_history(tracker, stage.name, workspace.path(name))


def _track_history(tracker: Tracker, part: str, path: Path) -> None:
    """Log the losses of a model that another run trained."""
    for metrics in read_json(path).get("history", []):
        number = int(metrics["epoch"])
        tracker.metrics({f"{part}/{name}": value for name, value in metrics.items() if name != "epoch"}, number)


def _end(tracker: Tracker | None, status: str) -> None:
    if tracker is not None:
        tracker.end(status)


def _keep_labels(workspace: Workspace) -> None:
    """Set a label journal aside before its segments change: labels are never thrown away.

    Raises JournalLocked while someone is labelling.
    """
    journal = workspace.path("labels.sqlite")
    if not journal.exists():
        return
    kept = journal.with_name(f"labels.{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite")
    set_aside(journal, kept)
    note(f"the segments change, so the labels drawn on the old ones were set aside as {kept}")


def _tell(workspace: Workspace, tracker: Tracker | None, seconds: float) -> None:
    pictures = workspace.path("pictures")
    look = f" Look at {pictures};" if pictures.exists() else ""
    folder = shlex.quote(str(workspace.folder))
    say(f"done in {duration(seconds)}.{look} then type" if look else f"done in {duration(seconds)}. Now type")
    say(f"  rsgraph export {folder}     to write GeoTIFF (exporter=geopackage and others)")
    say(f"  rsgraph label {folder}      to brush and label in napari (plugins/napari-rsgraph)")
    if tracker is not None:
        say(f"  {ui_command(tracker.uri)}")
