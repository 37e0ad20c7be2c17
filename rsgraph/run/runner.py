"""The verb run: walks the stages, skips what is there, takes what another run made, computes the rest."""

from __future__ import annotations

import functools
import platform
import shlex
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rsgraph.blocks import ResumableBlocks, Threads
from rsgraph.cache import MODELS, Place, StageCache, StageRecord
from rsgraph.config import Typed
from rsgraph.console import duration, note, progress, say
from rsgraph.events import tell, telling
from rsgraph.files import digest, make_folder, write_text
from rsgraph.io.display import choose_bands
from rsgraph.options import RUN_KINDS
from rsgraph.own_files.models import read_about
from rsgraph.progress import TimeLeft
from rsgraph.protocols import Blocks, Workers
from rsgraph.run.checking import check_made, check_workspace
from rsgraph.run.disk import Places, check_room
from rsgraph.run.keys import keys
from rsgraph.run.paths import Point
from rsgraph.run.prepare import MEMO, Prepared, identities, prepare
from rsgraph.run.record import record_of, write_record
from rsgraph.run.remaining import Remaining
from rsgraph.run.scenes import cut_chips, keep_chips, keep_model, notes
from rsgraph.stages.context import Context, Opened
from rsgraph.stages.plan import CLOSED_STAGES, Plan, Stage, choice, maps_entry, needed, stages_of
from rsgraph.workspace import MAPPED, Workspace, made_by

if TYPE_CHECKING:
    from rsgraph.tracking import Tracker

_HAPPENED = "happened"
"""Fact of a stage: sentences on the run that computed it, which say nothing of what others take from the cache."""

_RECORDED = ("rsgraph", "numpy", "scikit-image", "scikit-fuzzy", "torch", "torch-geometric", "umap-learn")


def run(config: Mapping[str, Any], *, point: Point | None = None, typed: Typed | None = None) -> Workspace:
    """Run all stages on a scene.

    Parameters
    ----------
    config
        The resolved config (``conf/run.yaml``), plain dicts.
    point
        Workspace of a sweep point, and the folder that it shares with others; None for a single run.
    typed
        What the command line says: only these options may differ from those of a workspace that is continued. None:
        all options count as typed.

    Returns
    -------
    Workspace
        Finished.

    Raises
    ------
    RsgraphError
        Anything that the user can put right; what was finished stays and is used by the next run.
    """
    started = time.monotonic()
    prepared = prepare(config, point=point, typed=typed)
    plan, workspace = prepared.plan, prepared.workspace
    wanted, there = keys(plan), workspace.intact()
    finished = {name for name in wanted if _finished(workspace, name, wanted, there)}
    if {"scene", "segments"} <= finished:
        _check(plan, workspace, finished)
    if len(finished) == len(wanted):
        _write_config(plan, workspace)  # the scene may stand elsewhere now
        _enter_sources(prepared)
        tell(ready=str(workspace.folder.resolve()))
        say(f"{workspace.folder} is up to date: nothing to do (looked for {duration(time.monotonic() - started)})")
        return workspace
    opened = cut_chips(plan.options.chips, prepared.scenes, held=len(plan.addition.scenes) if plan.addition else 0)
    say(f"{prepared.name}: {_what(opened)} -> {workspace.folder}")
    _check_all(plan, opened)
    check_room(plan, opened, wanted, {*wanted} - finished, Places(prepared.cache, workspace.folder))
    _take_over(prepared, opened)
    tracker = _start_tracking(plan, workspace, prepared.beside)
    try:
        shared = _shared(plan, make_folder(workspace.folder), make_folder(prepared.cache.folder))
        needed = prepared.cache.used_by(workspace.folder, _places(plan, wanted))
        with workspace.being_made(), needed, plan.options.executor.build().open(shared) as workers:
            before = prepared.record.experiment if prepared.record else ()
            experiments = typed.experiments if typed and typed.experiments else before
            model = keep_model(plan.model, workspace, prepared.cache.folder)
            left = Remaining(lambda: _costs(plan, opened, finished))
            _walk(_Running(prepared, experiments, wanted, model, tracker, workers, left), opened, finished)
    except BaseException as error:
        _end(tracker, workspace, "KILLED" if isinstance(error, KeyboardInterrupt | SystemExit) else "FAILED")
        raise
    _end(tracker, workspace, "FINISHED")
    _say_what_is_next(workspace, tracker, time.monotonic() - started)
    return workspace


def _check(plan: Plan, workspace: Workspace, finished: Collection[str]) -> None:
    """Check what a run goes on with, whoever made it, but not what it makes anew."""
    if not workspace.path("config.yaml").exists():
        _write_config(plan, workspace)
    stages = workspace.manifest["stages"]
    there = {file for name in finished for file in stages[name]["outputs"]}
    check_workspace(
        workspace, restored=[layer for layer in workspace.layers if f"embeddings/{layer}.npy" not in there]
    )


def _take_over(prepared: Prepared, opened: Opened) -> None:
    """Keep what is taken over of the workspace; say that, of which model, and what the scenes say of themselves."""
    plan = prepared.plan
    if plan.addition:
        from rsgraph.run.adding import describe_addition, remember

        say(describe_addition(plan.addition, plan.model, len(opened.scenes)))
        remember(plan.addition, prepared.workspace, prepared.cache)
    elif plan.model:
        say(f"classes, encoder and GNN, with their options, are those of {plan.model.folder}")
    for text in notes(opened.scenes):
        note(text)


def _shared(plan: Plan, *folders: Path) -> list[Path]:
    """Return what all workers must see: the scenes and the folders that stages are read from and written to."""
    path = plan.options.data.path
    named = [] if path is None else [path] if isinstance(path, str) else path
    return [*(Path(each) for each in named), *(folder.resolve() for folder in folders)]


def _places(plan: Plan, wanted: Mapping[str, str]) -> set[Place]:
    """Return what a run makes or takes from the cache: its stages, those of before scenes were added, the model."""
    before = plan.addition.stages if plan.addition else {}
    found = {StageCache.place(stage, key) for keys_of in (wanted, before) for stage, key in keys_of.items()}
    return found | ({StageCache.place(MODELS, plan.model.identity)} if plan.model else set())


def _what(opened: Opened) -> str:
    bands = f"{len(opened.bands)} bands ({', '.join(opened.bands)})"
    several = f"{len(opened.scenes)} images of " if opened.collection else ""
    return f"{several}{opened.sizes} pixels, {bands}, {len(opened.chips)} chips"


def _finished(workspace: Workspace, stage: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Whether a stage's outputs are in the workspace, undamaged.

    A later stage may have replaced a file (the tables, when x and y are added): then its hash counts.
    """
    stages = workspace.manifest.get("stages", {})
    if stages.get(stage, {}).get("key") != wanted[stage]:
        return False
    owners: dict[str, str] = {}
    for name in wanted:
        owners.update(stages.get(name, {}).get("outputs", {}))
    return all(there.get(name) == owners[name] for name in stages[stage]["outputs"])


def _check_all(plan: Plan, opened: Opened) -> None:
    """Build everything that takes options, so that mistakes show before any work; say where is computed."""
    from rsgraph.training.options import describe, describe_together

    for kind in RUN_KINDS:
        choice(plan, kind).build()
    choose_bands(opened.bands, plan.options.display)
    hardware = plan.options.trainer
    together = describe_together(hardware)
    say(f"{describe(hardware)} {together}".strip())


def _start_tracking(plan: Plan, workspace: Workspace, beside: Path) -> Tracker | None:
    if plan.options.tracking.off:
        return None
    from rsgraph.tracking import Tracker, store

    config = plan.options.to_config()
    found = store(config, beside)
    assert found is not None, "tracking is not off"
    uri, artifacts = found
    tracker = Tracker(uri, artifacts, plan.options.tracking.experiment, workspace.folder.name)
    if not tracker.on_this_disk:
        tracker.open()  # better to know now than after the first stages
    tracker.parameters({key: value for key, value in config.items() if key != "tracking"})
    tracker.tag("workspace", str(workspace.folder.resolve()))
    return tracker


@dataclass(frozen=True)
class _Running:
    """The same for all stages: the plan and keys, where outputs go, who is informed and who computes."""

    prepared: Prepared
    experiments: tuple[str, ...]
    wanted: Mapping[str, str]
    model: Path | None
    tracker: Tracker | None
    workers: Workers
    remaining: Remaining


def _walk(running: _Running, opened: Opened, finished: set[str]) -> None:
    plan, workspace = running.prepared.plan, running.prepared.workspace
    if "segments" not in finished and any(map(Path.exists, map(workspace.path, ("labels.sqlite", "labels.before")))):
        _keep_labels(running.prepared)
    # from here on only the record tells that scenes are being added: the stages before are forgotten
    write_record(workspace, record_of(plan, running.experiments))
    workspace.forget([name for name in workspace.manifest.get("stages", {}) if name not in finished])
    _write_config(plan, workspace)
    untracked: list[str] = []
    for stage in stages_of(plan):
        if running.tracker and stage.name not in CLOSED_STAGES:
            _open(running.tracker, workspace, untracked)
        if stage.name in finished:
            say(f"  {stage.name:<12} up to date")
        else:
            _obtain(stage, running, opened, _replaced(stage, workspace, running.wanted, finished))
            untracked += [stage.name] if running.tracker and not running.tracker.run_id else []
        tell(finished=stage.name)
        if stage.name == "scene":
            _enter_sources(running.prepared)
            opened = keep_chips(opened, workspace)
        if stage.name == MAPPED:
            _say_ready(workspace)


def _enter_sources(prepared: Prepared) -> None:
    """Enter what the cache does not know: the names, files and places of this run's scenes."""
    from rsgraph.run.sources import enter

    path = prepared.plan.options.data.path
    enter(prepared.workspace, prepared.scenes, path, memo=prepared.cache.folder / MEMO)


def _open(tracker: Tracker, workspace: Workspace, stages: list[str]) -> None:
    """Open MLflow's store: its import takes seconds, which the first maps, made before, need not wait for."""
    tracker.open()
    if stages and tracker.run_id:
        workspace.enter_tracked(stages, tracker.run_id)
        stages.clear()


def _costs(plan: Plan, opened: Opened, finished: set[str]) -> Mapping[str, float | None]:
    from rsgraph.run.costs import costs

    return costs(plan, opened, [stage for stage in stages_of(plan) if stage.name not in finished])


def _say_ready(workspace: Workspace) -> None:
    """Say that labelling can begin, whatever else is still to be made."""
    workspace.mark_ready()
    say(f"ready to label: rsgraph label {shlex.quote(str(workspace.folder))}")
    tell(ready=str(workspace.folder.resolve()))


def _keep_labels(prepared: Prepared) -> None:
    """See to it that labels find their way to the new segments, where these are of the same scenes."""
    from rsgraph.run.labels import check_unlocked, keep_segments

    check_unlocked(prepared.workspace)
    before = prepared.record.identity if prepared.record else ""
    keep_segments(prepared.workspace, before, identities(prepared), prepared.scenes)


def _write_config(plan: Plan, workspace: Workspace) -> None:
    text = yaml.safe_dump(plan.options.to_config(), sort_keys=False, allow_unicode=True)
    path = workspace.path("config.yaml")
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)


def _replaced(stage: Stage, workspace: Workspace, wanted: Mapping[str, str], finished: Collection[str]) -> set[str]:
    """Return the files that finished stages made which are walked after this one: maps add x and y to its tables."""
    names = [*wanted]
    later = {*names[names.index(stage.name) + 1 :]} & {*finished}
    stages = workspace.manifest.get("stages", {})
    return {file for name in later for file in stages[name]["outputs"]}


def _obtain(stage: Stage, running: _Running, opened: Opened, replaced: Collection[str]) -> None:
    """Take a stage's outputs from the cache or compute them; put them into the workspace, but none ``replaced``."""
    prepared, tracker = running.prepared, running.tracker
    plan, workspace, cache = prepared.plan, prepared.workspace, prepared.cache
    key = running.wanted[stage.name]
    running.remaining.begin(stage.name)
    with cache.lock(stage.name, key):
        record = cache.find(stage.name, key)
        reused = record is not None
        if record is None:
            record = _compute(stage, running, opened)
        elif _HAPPENED in record.facts:  # to the run that computed it
            record = replace(record, facts={name: each for name, each in record.facts.items() if name != _HAPPENED})
        labelled = stage.name == "segments" and workspace.path("labels.before").exists()
        if labelled:
            from rsgraph.run.labels import carry_labels, forget_kept

            carry_labels(workspace, record, cache.place_of(stage.name, key))
        run_id = tracker.run_id if tracker else None
        maps = maps_entry(plan)
        workspace.adopt(
            record,
            cache,
            run_id=run_id,
            layers=plan.layers,
            default_layer=plan.layer,
            maps=maps,
            replaced=replaced,
        )
        if labelled:
            forget_kept(workspace)
    running.remaining.end(computed=not reused)
    how = "taken from the cache" if reused else duration(record.seconds)
    say(f"  {stage.name:<12} {how:<22} {_findings(record)}".rstrip())
    for text in (*(record.facts.get(_HAPPENED) or ()), *(record.facts.get("notes") or ())):
        note(text)
    _track(stage, record, workspace, tracker, reused=reused)


def _compute(stage: Stage, running: _Running, opened: Opened) -> StageRecord:
    prepared, workers = running.prepared, running.workers
    plan, workspace, cache = prepared.plan, prepared.workspace, prepared.cache
    key = running.wanted[stage.name]
    folder = cache.partial(stage.name, key)
    started = time.monotonic()

    def epoch(part: str, number: int, metrics: Mapping[str, float]) -> None:
        if running.tracker:
            running.tracker.metrics({f"{part}/{name}": value for name, value in metrics.items()}, step=number)

    kept = _kept(stage, stages_of(plan), folder.resolve() / "work", workspace)
    blocks = ResumableBlocks(workers, kept)
    on_device = blocks if workers.own_devices else ResumableBlocks(Threads(1), kept)
    known = _known(stage, running, opened)
    looked_up: tuple[Blocks, Blocks] = (blocks, on_device)
    if known is not None:
        from rsgraph.stages.known_blocks import KnownBlocks

        looked_up = (KnownBlocks(blocks, known, opened.held), KnownBlocks(on_device, known, opened.held))
    time_left = TimeLeft(running.remaining.left)
    with progress(stage.name, time_left) as bar:
        report = telling(stage.name, bar, time_left)
        context = Context(
            plan,
            opened,
            workspace,
            folder,
            folder / "work",
            report,
            epoch,
            *looked_up,
            running.model,
            known,
            lambda sentence: say(f"  {sentence}"),
        )
        facts = _work(stage)(context)
    workers.release()
    check_made(context)
    resumed = blocks.resumed + (0 if on_device is blocks else on_device.resumed)
    if resumed:
        facts["resumed_blocks"] = resumed
    facts["versions"] = {**_versions()}
    facts["finished"] = datetime.now(UTC).isoformat(timespec="seconds")
    return cache.commit(stage.name, key, time.monotonic() - started, facts)


@functools.cache
def _versions() -> dict[str, str]:
    """Return those of the packages and of Python. Their metadata are long texts that take a millisecond each."""
    return {name: version(name) for name in _RECORDED} | {"python": platform.python_version()}


def _known(stage: Stage, running: _Running, opened: Opened) -> Path | None:
    """Return the folder of what a stage made before scenes were added, where it would make the same of them."""
    if running.prepared.plan.addition is None:
        return None
    from rsgraph.run.adding import known_outputs

    prepared = running.prepared
    return known_outputs(prepared.plan, stage.name, prepared.cache, opened.side, prepared.workspace)


def _work(stage: Stage) -> Callable[[Context], dict[str, Any]]:
    """Return the function of a stage. What it needs is imported now, not before."""
    work: Callable[[Context], dict[str, Any]] = getattr(import_module(f"rsgraph.stages.{stage.name}"), stage.name)
    return work


def _kept(stage: Stage, stages: Sequence[Stage], work: Path, workspace: Workspace) -> Path:
    """Return where a stage keeps its blocks: a folder for what the stages it builds on have made, others removed.

    Their keys are not enough: what is computed again under the same key may differ (another processor, a GPU). Names
    and places of scenes do not count: an interrupted run goes on where the scene was moved meanwhile.
    """
    recorded = workspace.manifest.get("stages", {})
    inputs = {name: made_by(recorded[name]) for name in needed(stage, stages)}
    folder = work / f"blocks-{digest(inputs)[:16]}"
    for other in work.glob("blocks-*"):
        if other != folder:
            shutil.rmtree(other)
    return folder


def _findings(record: StageRecord) -> str:
    hidden = {"versions", "finished", "notes", "layer", _HAPPENED}
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
    for metrics in read_about(path).get("history", []):
        number = int(metrics["epoch"])
        tracker.metrics({f"{part}/{name}": value for name, value in metrics.items() if name != "epoch"}, number)


def _end(tracker: Tracker | None, workspace: Workspace, status: str) -> None:
    if tracker is None:
        return
    tracker.end(status)
    former, now = tracker.former_run_id, tracker.run_id
    if former is not None and now is not None:  # the server was gone, and the run is recorded elsewhere
        stages = workspace.manifest.get("stages", {})
        workspace.enter_tracked([name for name, each in stages.items() if each.get("mlflow_run") == former], now)


def _say_what_is_next(workspace: Workspace, tracker: Tracker | None, seconds: float) -> None:
    pictures = workspace.path("pictures")
    look = f" Look at {pictures};" if pictures.exists() else ""
    folder = shlex.quote(str(workspace.folder))
    say(f"done in {duration(seconds)}.{look} then type" if look else f"done in {duration(seconds)}. Now type")
    say(f"  rsgraph export {folder}     to write GeoTIFF (exporter=geopackage and others)")
    say(f"  rsgraph label {folder}      to brush and label in napari (plugins/napari-rsgraph)")
    if tracker is not None:
        say(f"  {tracker.ui_command}")
