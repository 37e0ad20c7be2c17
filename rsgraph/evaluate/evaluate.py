"""The verb ``evaluate``: measures of a finished workspace, as tables in its folder ``evaluation/``.

::

    measures ── texture, structure and spectra of nearest segments (sections 2.9.1 and 2.9.2 of the paper)
    rotation ── is a rotated chip still most similar to itself (section 3.1.2)
    retrieval ─ are neighbours of the same class                          ┐ these need a reference: a file, or the one
    labelling ─ strokes that a simulated expert needs on the 2-D map      ┘ that came with the scene
    maps ────── trustworthiness and continuity of the 2-D maps, those made for labelling too
    borders ─── can be seen, in layers and maps, which segments touch the border of a chip

Each part is one table, ``evaluation/<part>.csv``; ``evaluation/evaluation.json`` says how they were made. A part
whose workspace, reference and options are unchanged is not measured again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph import console
from rsgraph.config import refuse_targets
from rsgraph.errors import ConfigError, NotThere, NotUsable, WorkspaceError
from rsgraph.evaluate import parts as measuring
from rsgraph.evaluate.parts import Among, Evaluation
from rsgraph.evaluate.reference import ReferenceCounts, wanted_classes
from rsgraph.exporters.scope import export_of
from rsgraph.files import digest, expanded, sha256, write_json, write_text
from rsgraph.ground import hectares
from rsgraph.io.segment_ids import check_ids
from rsgraph.label_files.counting import PIXELS
from rsgraph.own_files.fields import read_json_object
from rsgraph.registry import check_types
from rsgraph.run.checking import check_workspace
from rsgraph.tracking import Tracker, store

if TYPE_CHECKING:
    from pandas import DataFrame

    from rsgraph.workspace import Workspace

FOLDER = "evaluation"
REFERENCE = ("reference", "reference_layer", "reference_column", "reference_classes")
"""Options that say what the reference is."""


@dataclass(frozen=True)
class Part:
    """One table.

    Parameters
    ----------
    name
        Of the table and of the option's section.
    measure
        Does the work.
    options
        What it reads of the config, besides the workspace.
    needs_reference
        Whether it is left out where there is no reference.
    keys
        Columns that tell the rows apart; the others are numbers.
    code
        Counts up when what is measured changes.
    """

    name: str
    measure: Callable[[Evaluation], DataFrame]
    options: tuple[str, ...]
    keys: tuple[str, ...]
    needs_reference: bool = False
    code: int = 1


_PARTS = (
    Part("measures", measuring.measures, ("layers", "measures", "seed"), ("layer", "level", "among"), code=2),
    Part("rotation", measuring.rotation, ("rotation", "seed"), ("level",)),
    Part("retrieval", measuring.retrieval, ("layers", "retrieval", "seed"), ("level", "layer", "k"), True, code=3),
    Part(
        "labelling",
        measuring.labelling,
        ("layers", "labelling", "seed"),
        ("representation", "projector"),
        True,
        code=3,
    ),
    Part("maps", measuring.maps, ("layers", "maps", "seed"), ("level", "layer", "projector"), code=2),
    Part("borders", measuring.borders, ("layers", "borders", "seed"), ("level", "layer", "projector")),
)
PARTS = {part.name: part for part in _PARTS}


def evaluate(config: Mapping[str, Any]) -> dict[str, DataFrame]:
    """Measure a workspace as the config (``conf/evaluate.yaml``) says; write the tables and say what is in them.

    Returns
    -------
    dict
        The name of each part that was measured, and its table.

    Raises
    ------
    ConfigError
        An option does not exist or does not fit.
    NotThere, NotUsable
        There is no finished workspace; or it lacks what some parts need (a reference, two whole chips) and not all
        parts were asked for: of all, those that cannot be measured are left out and said.
    NotReadable
        The scene or the reference cannot be read.
    WorkspaceError
        A file of the workspace, its labels or rasters among them, is damaged.
    OutputError
        The disk is full or the folder not writable.
    """
    refuse_targets(config)
    _check(config)
    asked = list(config["parts"])
    job = Evaluation(expanded(config["workspace"]), config)
    job.workspace.existing("manifest.json")
    job.workspace.existing("segments.parquet")
    job.workspace.check_writable(FOLDER, "projections", "labels.")
    check_workspace(job.workspace, options=True)
    _check_what_leaves(job.workspace)
    tracked = _tracked(job)  # a store that cannot be used is refused before anything is measured
    if job.config["reference"] is not None:
        with console.progress("reference") as job.progress:
            found_reference = job.reference  # a wrong one is refused before anything is measured
        _say_reference(job, found_reference)
    found: dict[str, DataFrame] = {}
    fresh: dict[str, DataFrame] = {}
    for part in (PARTS[name] for name in asked):
        try:
            found[part.name], new = _obtain(part, job)
        except (NotThere, NotUsable) as error:
            if len(asked) < len(PARTS):  # it was asked for by name
                raise
            console.note(f"{part.name}: left out: {error}")
            continue
        fresh |= {part.name: found[part.name]} if new else {}
        console.say(_shown(found[part.name]))
        _say_one_class(part.name, found[part.name])
    if tracked is not None:
        _track(tracked, job, fresh)
    return found


def _check_what_leaves(workspace: Workspace) -> None:
    """Refuse labels and rasters that an export refuses, whether or not the parts that were asked for read them."""
    export_of(workspace, tuple)
    for scene in workspace.scenes:
        file = workspace.segment_file(scene.name)
        check_ids(file, scene.rows, scene.columns, most=workspace.segment_count)


def _check(config: Mapping[str, Any]) -> None:
    """Refuse what does not fit before anything is read."""
    if config["workspace"] is None:
        raise ConfigError("which workspace? type `rsgraph evaluate WORKSPACE`")
    top = {name: config[name] for name in ("workspace", *REFERENCE, "links", "seed") if name != "reference_classes"}
    check_types(None, _options, top)
    if config["reference_classes"] is not None:
        wanted_classes(config["reference_classes"])
    if config["reference"] is not None and not expanded(config["reference"]).exists():
        raise NotThere(f"the reference {config['reference']} does not exist; check the path for typing errors.")
    if not isinstance(config["parts"], list) or not config["parts"]:
        raise ConfigError(f"`parts` must be a list such as [measures,maps]. Got {config['parts']!r} instead.")
    unknown = [str(name) for name in config["parts"] if str(name) not in PARTS]
    if unknown:
        raise ConfigError(f"unknown part '{unknown[0]}'; choose some of: {', '.join(PARTS)}")
    layers = config["layers"]
    if layers is not None and (not isinstance(layers, list) or not layers):
        raise ConfigError(f"`layers` must be null or a list such as [encoder,gnn2]. Got {layers!r} instead.")
    for section, schema in _SCHEMAS.items():
        check_types(section, schema, config[section])
    _check_counts(config)
    measuring.check_among(config["measures"]["among"])
    measuring.measure_options(config)


# types of the options of no section, and of each section
def _options(
    workspace: str,
    reference: str | None,
    reference_layer: str | int | None,
    reference_column: str | None,
    links: bool,
    seed: int,
) -> None: ...
def _measures(among: list[Among], segments: int) -> None: ...
def _maps(k: int, sample: int | None) -> None: ...
def _rotation(chips: int) -> None: ...
def _retrieval(ks: list[int], sample: int | None) -> None: ...
def _labelling(strokes: int, segments: int, projectors: list[str] | None) -> None: ...
def _borders(segments: int, least: int) -> None: ...
def _tracking(uri: str | None) -> None: ...


_SCHEMAS: dict[str, Callable[..., None]] = {
    each.__name__.removeprefix("_"): each
    for each in (_measures, _maps, _rotation, _retrieval, _labelling, _borders, _tracking)
}


def _check_counts(config: Mapping[str, Any]) -> None:
    """Refuse numbers of things below 1."""
    named = ("maps.k", "maps.sample", "rotation.chips", "retrieval.ks", "retrieval.sample", "labelling.strokes")
    for name in (*named, "labelling.segments", "measures.segments", "borders.segments", "borders.least"):
        section, option = name.split(".")
        given = config[section][option]
        values = given if isinstance(given, list) else [1 if given is None else given]
        if not values or any(not isinstance(value, int) or value < 1 for value in values):
            raise ConfigError(f"{name} must be at least 1. Got {given!r} instead.")


def _obtain(part: Part, job: Evaluation) -> tuple[DataFrame, bool]:
    """Read a part's table if it was made from the same things, else measure it and keep it; say which."""
    import pandas as pd

    if part.needs_reference and job.reference is None:
        raise NotThere(
            "the scene came with no reference; name a raster or vector file of true classes with reference=..."
        )
    path = job.workspace.path(FOLDER, f"{part.name}.csv")
    key = _key(part, job)
    record = _records(job).get(part.name, {})
    if record.get("key") == key and path.exists() and sha256(path) == record.get("sha256"):
        with suppress(ValueError):  # no table, whatever its hash says: it is made anew
            table = pd.read_csv(path)
            console.say(f"{part.name}: as measured on {record['finished'][:10]} ({path})")
            return table, False
    started = monotonic()
    with console.progress(part.name) as job.progress:
        table = part.measure(job)
    text = io.StringIO()
    table.to_csv(text, index=False, lineterminator="\n")
    write_text(path, text.getvalue())
    seconds = monotonic() - started
    _enter(job, part, {"key": key, "sha256": sha256(path), "seconds": round(seconds, 3)})
    console.say(f"{part.name}: {console.duration(seconds)}, in {path}")
    return pd.read_csv(path), True


def _key(part: Part, job: Evaluation) -> str:
    made = {name: stage["key"] for name, stage in job.workspace.manifest["stages"].items()}
    return digest(
        {
            "part": part.name,
            "stages": made,
            "options": {name: job.config[name] for name in part.options},
            "reference": job.reference_identity if part.needs_reference else None,
            "maps": measuring.map_hashes(job) if part.name in ("maps", "borders") else None,
            "code": part.code,
        }
    )


def _records(job: Evaluation) -> dict[str, Any]:
    path = job.workspace.path(FOLDER, "evaluation.json")
    records: dict[str, Any] = {}
    with suppress(WorkspaceError):  # damaged: all is measured again, and the file replaced
        records = read_json_object(path) if path.exists() else {}
    return {name: record for name, record in records.items() if _is_record(record)}


def _is_record(record: object) -> bool:
    """Tell whether it says what a table was made of; one that does not is as good as none."""
    return isinstance(record, dict) and all(
        isinstance(record.get(name), str) for name in ("key", "sha256", "finished")
    )


def _enter(job: Evaluation, part: Part, facts: Mapping[str, Any]) -> None:
    options = {name: job.config[name] for name in part.options}
    entry = {
        **facts,
        "options": options,
        **{name: job.config[name] if part.needs_reference else None for name in REFERENCE},
        "reference": (job.config["reference"] or "the scene's own") if part.needs_reference else None,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "rsgraph": version("rsgraph"),
    }
    write_json(job.workspace.path(FOLDER, "evaluation.json"), {**_records(job), part.name: entry})


_LISTED = 12
"""Classes of a reference that are named in a line."""


def _say_reference(job: Evaluation, found: ReferenceCounts | None) -> None:
    """Say which classes a reference has, how much of each on the ground, and what of the file was not taken."""
    if found is None:
        return
    name = Path(job.config["reference"]).name
    met = found.segments.sum(axis=0) > 0  # or all of a class lies beside the segments
    amounts = zip(found.names, _amounts(job, found), met, strict=True)
    listed = [f"{each} {amount}" for each, amount, there in amounts if there]
    more = [f"and {len(listed) - _LISTED} more"] if len(listed) > _LISTED else []
    console.say(f"reference {name}: {', '.join([*listed[:_LISTED], *more])}")
    counts, decided = found.left_out
    said = any("counts as" in each for each in decided)
    values = said or any(reason.startswith(PIXELS) for reason in counts)
    if decided:
        otherwise = "; 'reference_classes=[...]' says which values are classes" if values else ""
        console.note(f"{name}: {'; '.join(decided)}{otherwise}")
    # what was decided of values says also how many pixels have them
    rest = [f"{n:,} {reason}" for reason, n in counts.items() if not (said and reason.startswith(PIXELS))]
    if rest:
        console.note(f"{name}: left out: {'; '.join(rest)}")


def _amounts(job: Evaluation, found: ReferenceCounts) -> list[str]:
    """Return hectares, or without a CRS pixels, of each class, and its share of all that are known."""
    table = job.workspace.segments
    per_pixel = hectares(table, job.workspace.scenes) / table["area_px"].to_numpy()
    areas = per_pixel @ found.segments
    pixels = found.segments.sum(axis=0)
    shares = 100 * pixels / max(pixels.sum(), 1)
    amounts = zip(areas.tolist(), pixels.tolist(), shares.tolist(), strict=True)
    return [f"{f'{area:,.1f} ha' if area == area else f'{n:,} pixels'} ({share:.3g} %)" for area, n, share in amounts]


def _say_one_class(part: str, table: DataFrame) -> None:
    """Say which figures follow from one class only: all that is compared is of it, so that all of it fits."""
    if "classes" not in table:
        return
    single = table[table["classes"] == 1]
    if len(single):
        where = (
            ""
            if len(single) == len(table)
            else f" of {', '.join(dict.fromkeys(map(str, single[PARTS[part].keys[0]])))}"
        )
        console.note(
            f"{part}: the figures{where} follow from one class only, which all that is compared belongs to: they "
            "say nothing about the workspace"
        )


def _shown(table: DataFrame) -> str:
    return str(table.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="-"))


@dataclass(frozen=True)
class _Tracked:
    """The run that made a workspace, in its MLflow store."""

    uri: str
    artifacts: Path
    experiment: str
    run_id: str


def _tracked(job: Evaluation) -> _Tracked | None:
    """Find the run that made the workspace: in the store that is asked for, else in the one that is still beside it.

    A store elsewhere that only the workspace names is not used: a workspace comes from anywhere.
    """
    runs = [stage.get("mlflow_run") for stage in job.workspace.manifest["stages"].values()]
    run_id = next((each for each in reversed(runs) if each), None)
    if run_id is None:
        return None
    made, asked = job.workspace.config["tracking"], job.config["tracking"]["uri"]
    if made["uri"] is not None and asked is None:
        if str(made["uri"]).lower() != "none":
            console.note(f"its run was logged in {made['uri']}: to log these numbers there, type tracking.uri=...")
        return None
    experiment = str(made["experiment"])
    found = store({"tracking": {"uri": asked, "experiment": experiment}}, job.workspace.folder.parent)
    if found is None or (found[0].startswith(_FILE) and not Path(found[0].removeprefix(_FILE)).exists()):
        return None
    return _Tracked(*found, experiment, str(run_id))


_FILE = "sqlite:///"


def _track(run: _Tracked, job: Evaluation, tables: Mapping[str, DataFrame]) -> None:
    """Log all numbers with the run that made the workspace."""
    tracker = Tracker(run.uri, run.artifacts, run.experiment, job.workspace.folder.name, run_id=run.run_id)
    tracker.open()
    for name, table in tables.items():
        tracker.metrics(numbers(name, table, PARTS[name].keys))


def numbers(part: str, table: DataFrame, keys: Sequence[str]) -> dict[str, float]:
    """Name every finite number of a table: ``evaluation/<part>/<keys>/<column>``."""
    named: dict[str, float] = {}
    for row in table.to_dict("records"):
        place = "/".join(str(row[key]) for key in keys)
        for column, value in row.items():
            if column not in keys and isinstance(value, int | float) and np.isfinite(value):
                named[f"evaluation/{part}/{place}/{column}"] = float(value)
    return named
