"""The record that a workspace keeps of the run that made it, beside its options: ``manifest.json``, entry ``run``.

::

    identity    hash of the scenes
    chips_by    what chips are compared by
    model       folder, identity and bands of the model that was applied; null: it was trained here
    addition    null, or what was there before scenes were added (rsgraph.stages.plan.Addition)
    experiment  the experiments that were chosen by name

Version 0.1.0 wrote the same into ``config.yaml``, under other names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rsgraph.stages.plan import Addition, ChipsBy, GivenModel, Plan
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class Record:
    """What a workspace says of its run; as in ``Plan``. ``experiment`` names the experiments that were chosen."""

    identity: str
    chips_by: ChipsBy
    model: GivenModel | None
    addition: Addition | None
    experiment: tuple[str, ...] = ()


def record_of(plan: Plan, experiment: Sequence[str]) -> Record:
    """Return what is kept of a plan."""
    return Record(plan.identity, plan.chips_by, plan.model, plan.addition, tuple(experiment))


def read_record(workspace: Workspace) -> Record | None:
    """Return what a workspace says of its run; None where it holds none yet."""
    found = workspace.manifest.get("run")
    if isinstance(found, Mapping):
        return Record(
            found["identity"],
            found["chips_by"],
            _model(found["model"]),
            _addition(found["addition"]),
            tuple(found["experiment"]),
        )
    made = workspace.config if workspace.path("config.yaml").exists() else {}
    return _of_0_1(made) if "identity" in made else None


def write_record(workspace: Workspace, record: Record) -> None:
    """Enter it in the manifest, whole or not at all."""
    workspace.write_manifest({**workspace.manifest, "run": asdict(record)})


def _model(found: Mapping[str, Any] | None) -> GivenModel | None:
    return None if found is None else GivenModel(found["folder"], found["identity"], tuple(found["bands"]))


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


def _of_0_1(made: Mapping[str, Any]) -> Record:
    before = made.get("grown_from")
    addition = None
    if before:
        addition = Addition(
            tuple(before["scenes"]),
            tuple(tuple(files) for files in before["files"]),
            tuple(before["learnt_from"]),
            before["identity"],
            _model_of_0_1(before["model"]),
            dict(before["stages"]),
        )
    chips_by: ChipsBy = "latent" if made.get("compared") == "latent" else "segments"
    return Record(made["identity"], chips_by, _model_of_0_1(made["model"]), addition)


def _model_of_0_1(section: Mapping[str, Any]) -> GivenModel | None:
    if not section.get("identity"):
        return None
    return GivenModel(section["from"], section["identity"], tuple(section["bands"]))
