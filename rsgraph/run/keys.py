"""Keys of stages: hashes of what a stage's outputs depend on, the same before and after an upgrade of rsgraph.

A key holds the stage's own count, the revision of each component that it uses, the options of both, and the keys of
the stages before it; never the version of the package. Whoever changes what a stage or a component makes raises its
count or revision by one: then, and only then, workspaces make it anew. An option that was added later, and has the
value that means "as before" (``as_before`` of the component, ``AS_BEFORE`` here), leaves keys as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rsgraph.components import RENAMED
from rsgraph.files import digest
from rsgraph.options import RUN_KINDS, Choice, plain
from rsgraph.stages.plan import STAGES, Plan, Stage, choice, stages_of, value_of

AS_BEFORE: dict[str, Any] = {
    "metric": {"name": "none"},
    "embedding.own": False,
    "embedding.maps": None,
    "embedding.surroundings": 24.0,
    "chips.across": False,
    "chips.margin": 0,
    "training.budget": "full",
    "disk": "check",
    "links": False,
}
"""Options of no component that were added after version 0.1.0, as paths such as ``training.encoder.noise``, and the
value that means "as before". A kind of component that came later is one of them."""

_PLAN_AS_BEFORE: dict[str, Any] = {"also_drawn": ()}
"""The same for what the plan makes of options."""

Revision = Callable[[Choice], int]


def current_revision(chosen: Choice) -> int:
    """Return the revision of a component that was chosen."""
    return chosen.component.revision_with(chosen.parameters)


def keys(
    plan: Plan, *, revision: Revision = current_revision, counts: Mapping[str, int] | None = None
) -> dict[str, str]:
    """Return stage -> key, 64 hexadecimal digits.

    Parameters
    ----------
    plan
        Of the run.
    revision
        Revision of a component; by default that of the code which is installed.
    counts
        Stage -> its count, 1 where it is not there; None: those of the code which is installed.
    """
    found: dict[str, str] = {}
    for stage in stages_of(plan):
        found[stage.name] = digest(
            {
                "stage": stage.name,
                "count": stage.count if counts is None else counts.get(stage.name, 1),
                "components": {kind: _component(choice(plan, kind), revision) for kind in _kinds(stage, plan)},
                "options": _options(stage, plan),
                "inputs": [found[name] for name in stage.needs],
            }
        )
    return found


def _kinds(stage: Stage, plan: Plan) -> list[str]:
    """Return the kinds of the components that a stage's outputs depend on."""
    trained = () if _given(stage, plan) else stage.trained or ()
    return [kind for kind in RUN_KINDS if kind in (*stage.components, *trained)]


def _given(stage: Stage, plan: Plan) -> bool:
    """Tell whether a stage's outcome is taken over from a model."""
    return plan.model is not None and plan.model.has(stage)


def _component(chosen: Choice, revision: Revision) -> list[Any]:
    before = chosen.component.as_before
    parameters = {
        name: value for name, value in chosen.parameters.items() if name not in before or value != before[name]
    }
    former = {today: name for (kind, name), today in RENAMED.items() if kind == chosen.kind}
    return [former.get(chosen.name, chosen.name), revision(chosen), parameters]


def _options(stage: Stage, plan: Plan) -> dict[str, Any]:
    """Return the options of a stage; where a model is given, the model stands for what was trained."""
    paths = [*stage.options, *(path for path in stage.trained or () if path not in RUN_KINDS)]
    if plan.model and _given(stage, plan):
        return {**_values(stage.options, plan), "model": plan.model.identity}
    return _values(paths, plan)


def _values(paths: Any, plan: Plan) -> dict[str, Any]:
    found = {path: plain(value_of(plan, path)) for path in paths}
    found = {path: each for path, each in found.items() if _counts(path.removeprefix("options."), each)}
    return {path: _without_later(path.removeprefix("options."), value) for path, value in found.items()}


def _counts(path: str, value: Any) -> bool:
    """Tell whether an option counts: one that was added later does not where it means "as before"."""
    known = {**AS_BEFORE, **_PLAN_AS_BEFORE}
    return path not in known or value != known[path]


def _without_later(path: str, value: Any) -> Any:
    """Leave out of a section what was added later and means "as before", or counts only for stages that name it."""
    if not isinstance(value, Mapping):
        return value
    named = {each for stage in STAGES for each in (*stage.options, *(stage.trained or ()))}
    return {
        name: each
        for name, each in value.items()
        if f"options.{path}.{name}" not in named and _counts(f"{path}.{name}", each)
    }
