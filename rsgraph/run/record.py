"""The record that a workspace keeps of the run that made it, beside its options: ``manifest.json``, entry ``run``.

::

    identity    hash of the scenes
    chips_by    what chips are compared by
    model       folder, identity and bands of the model that was applied, and whether it has a metric; null: it was
                trained here
    addition    null, or what was there before scenes were added (rsgraph.stages.plan.Addition)
    experiment  the experiments that were chosen by name
    stages      all stages of the run, in order, made or not

Version 0.1.0 wrote the same into ``config.yaml``, under other names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rsgraph.errors import in_short
from rsgraph.own_files.fields import Fields, damaged
from rsgraph.own_files.manifest import check_run
from rsgraph.stages.plan import Addition, ChipsBy, GivenModel, Plan, stages_of
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class Record:
    """What a workspace says of its run; as in ``Plan``.

    ``experiment`` names the experiments that were chosen, ``stages`` what was to be made; none where a run of an
    earlier version did not say so.
    """

    identity: str
    chips_by: ChipsBy
    model: GivenModel | None
    addition: Addition | None
    experiment: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


def record_of(plan: Plan, experiment: Sequence[str]) -> Record:
    """Return what is kept of a plan."""
    stages = tuple(stage.name for stage in stages_of(plan))
    return Record(plan.identity, plan.chips_by, plan.model, plan.addition, tuple(experiment), stages)


def made_of(identity: str, record: Record | None, addition: Addition | None) -> bool:
    """Tell whether the scenes of a workspace are among those of a run: labels have their place in these."""
    return record is not None and record.identity in (identity, addition.identity if addition else identity)


def read_record(workspace: Workspace) -> Record | None:
    """Return what a workspace says of its run; None where it holds none yet."""
    found = workspace.manifest.get("run")
    if found is None:
        made = workspace.config if workspace.path("config.yaml").exists() else {}
        if "identity" not in made:
            return None
        found = _of_0_1(made, workspace.path("config.yaml"))
    for name in ("identity", "chips_by"):
        if name not in found:
            raise damaged(workspace.path("manifest.json"), f"'run' does not say its {name}")
    return Record(
        found["identity"],
        found["chips_by"],
        _model(found.get("model")),
        _addition(found.get("addition")),
        tuple(found.get("experiment", ())),
        tuple(found.get("stages", ())),
    )


def write_record(workspace: Workspace, record: Record) -> None:
    """Enter it in the manifest, whole or not at all."""
    workspace.change_manifest(lambda manifest: {**manifest, "run": asdict(record)})


def _model(found: Mapping[str, Any] | None) -> GivenModel | None:
    if found is None:
        return None
    metric, assumed = found.get("metric", False), found.get("assumed", "")
    return GivenModel(found["folder"], found["identity"], tuple(found["bands"]), metric, assumed)


def _addition(found: Mapping[str, Any] | None) -> Addition | None:
    if found is None:
        return None
    return Addition(
        tuple(found["scenes"]),
        tuple(tuple(files) for files in found["files"]),
        tuple(found["trained_on"]),
        found["identity"],
        _model(found["model"]),
        dict(found["stages"]),
    )


def _of_0_1(made: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return what version 0.1.0 wrote, as it is written today. Raises WorkspaceError where that is damaged."""
    try:
        found = _as_today(made)
    except (KeyError, TypeError, AttributeError) as error:
        raise damaged(path, f"what version 0.1.0 wrote of its run is not there ({in_short(error)})") from error
    check_run(Fields(path, found))
    return found


def _as_today(made: Mapping[str, Any]) -> dict[str, Any]:
    before = made.get("grown_from") or None
    if before:
        before = {**before, "trained_on": before["learnt_from"], "model": _model_of_0_1(before["model"])}
    chips_by = "latent" if made.get("compared") == "latent" else "segments"
    about: dict[str, Any] = {"identity": made["identity"], "chips_by": chips_by, "experiment": []}
    return {**about, "model": _model_of_0_1(made["model"]), "addition": before}


def _model_of_0_1(section: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {**section, "folder": section["from"]} if section and section.get("identity") else None
