"""Keys of stages as version 0.1.0 made them, with its version in them: workspaces of then keep what they hold.

Keys of today are entered in place of those, for every stage that was made of the options in ``config.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rsgraph.files import digest
from rsgraph.run.keys import keys
from rsgraph.run.record import Record, write_record
from rsgraph.stages.plan import Plan
from rsgraph.workspace import Workspace

_STAGES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "scene": ((), ("identity", "chips", "data.limit", "model.bands")),
    "target": (("scene",), ("target", "seed")),
    "encoder": (
        ("scene", "target"),
        ("encoder", "training.encoder", "trainer.precision", "trainer.devices", "seed"),
    ),
    "segments": (("scene",), ("segmenter",)),
    "memberships": (("target", "segments"), ("target",)),
    "encode": (("encoder", "segments"), ("encoder", "trainer.precision")),
    "graph": (("segments",), ("graph",)),
    "gnn": (
        ("encode", "memberships", "graph"),
        ("gnn", "training.gnn", "trainer.precision", "trainer.devices", "seed"),
    ),
    "match": (("gnn",), ("matcher", "layer")),
    "project": (("match",), ("projector", "layer", "seed")),
    "pictures": (("project",), ("display", "draw")),
}
"""Stage -> the stages that it needed, the options that its key held."""

_TRAINED = ("target", "encoder", "gnn")
_COUNTS = {"match": 2, "project": 2}


def keys_of_0_1(made: Mapping[str, Any], version: str) -> dict[str, str]:
    """Return stage -> key, as that version computed it.

    Parameters
    ----------
    made
        Content of ``config.yaml``.
    version
        Of rsgraph, as the manifest recorded it.
    """
    found: dict[str, str] = {}
    for stage, (needs, names) in _STAGES.items():
        options = {name: _value(made, name) for name in names}
        if stage in _TRAINED and made["model"].get("identity"):
            options = {"model": made["model"]["identity"]}
        if stage == "match" and made.get("compared") == "latent":
            options["chips"] = "latent"
        found[stage] = digest(
            {
                "stage": stage,
                "code": _COUNTS.get(stage, 1),
                "rsgraph": version,
                "options": options,
                "inputs": [found[name] for name in needs],
            }
        )
    return found


def _value(made: Mapping[str, Any], dotted: str) -> Any:
    found: Any = made
    for part in dotted.split("."):
        found = found[part]
    return found


def upgrade(workspace: Workspace, plan: Plan, record: Record) -> None:
    """Enter keys of today for what version 0.1.0 made, and what it said of its run; a later workspace stays as it is.

    Parameters
    ----------
    workspace
        As it is.
    plan
        That made it: of its own options.
    record
        What it says of its run.
    """
    manifest, made = workspace.manifest, workspace.config
    if "run" in manifest or "identity" not in made:
        return
    today = keys(plan, revision=lambda _: 1, counts=_COUNTS)
    for name, entry in manifest.get("stages", {}).items():
        version = entry.get("facts", {}).get("versions", {}).get("rsgraph", "0.1.0")
        if entry["key"] == keys_of_0_1(made, version).get(name):
            entry["key"] = today[name]
    workspace.write_manifest(manifest)
    write_record(workspace, record)
