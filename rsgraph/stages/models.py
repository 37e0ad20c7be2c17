"""Descriptions of the models of a workspace, beside their weights, and how those of another one are taken over."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsgraph.errors import NotThere
from rsgraph.files import write_json
from rsgraph.stages.context import Context

if TYPE_CHECKING:
    from rsgraph.training.fitting import History


def describe(context: Context, part: str, **facts: Any) -> None:
    """Write what a model is beside its weights."""
    write_json(context.out / "models" / f"{part}.json", {"bands": list(context.opened.bands), **facts})


def take_over(context: Context, *names: str) -> dict[str, Any]:
    """Copy files of the model that was given; return facts for the manifest."""
    model, origin = context.plan.model, context.model
    assert model is not None, "without a model there is nothing to take over"
    assert origin is not None, "a model has its files somewhere"
    if not (origin / names[0]).exists():
        raise NotThere(f"{origin} holds no {names[0]} any more: name another model, or train anew (overwrite=true)")
    for name in names:
        if (origin / name).exists():
            (context.out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin / name, context.out / name)
    return {"taken_from": model.folder}


def model_there(context: Context, *names: str) -> Path | None:
    """Take files over from the model that was given, and return its folder ``models`` here; None where it has none.

    A model of before there was a metric has none: it is fitted to the scene then.
    """
    if context.model is None or not (context.model / names[0]).exists():
        return None
    take_over(context, *names)
    return context.out / "models"


def learning_facts(history: History | None) -> dict[str, Any]:
    """Return facts of a training for the manifest; None: there was none."""
    if history is None:
        return {"trained": False}
    return {
        "epochs": len(history.epochs),
        "best_epoch": history.best_epoch,
        "resumed_at": history.resumed_at,
        "happened": list(history.notes),
    }
