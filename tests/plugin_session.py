"""One process with foreign components: lists, builds, runs, labels, exports and evaluates (see test_plugins.py).

``python -m tests.plugin_session '{"reader": "npy", ...}'`` in a folder that holds ``scene.npy``.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from rsgraph import Workspace
from rsgraph.cli import main
from rsgraph.components import build, registry
from rsgraph.errors import ConfigError
from rsgraph.protocols import BASES
from rsgraph_example.executor import InThisProcess

TINY = (
    "chips.size=32",
    "training.encoder.max_epochs=1",
    "training.gnn.max_epochs=1",
    "tracking.uri=none",
    "draw=false",
    "trainer.accelerator=cpu",
    "trainer.threads=1",
)
PHASES: list[int] = []
"""Blocks of every phase that the foreign executor ran."""

RUN = InThisProcess.run


def counted(self: InThisProcess, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    PHASES.append(len(items))
    return RUN(self, task, items)


def described(kind: str, name: str) -> dict[str, Any]:
    """Build a component; say of what class it is, its options, and which optional members it has of its own."""
    component, base = registry(kind)[name], BASES[kind]
    shared = vars(component).keys() & vars(base).keys()
    optional = [key for key in shared if not key.startswith("_") and key not in vars(base)["__abstractmethods__"]]
    options = {key: each.default for key, each in inspect.signature(component).parameters.items()}
    return {"built": type(build(kind, name=name)).__name__, "options": options, "optional": optional}


def refused(**options: Any) -> str:
    try:
        build("segmenter", name="hexagons", **options)
    except ConfigError as error:
        return str(error)
    return "nothing is wrong"


def ended(*words: str) -> object:
    try:
        main(words)
    except SystemExit as end:
        return end.code
    return 0


def label() -> None:
    with Workspace("w").journal() as journal:
        journal.define("water", colour="#2060c0")
        journal.define("sand", colour="#c0a020")
        journal.assign([1, 2, 3], "water")
        journal.assign([4, 5], "sand", origin="propagated")


def session(foreign: dict[str, str]) -> None:
    """Do all that users do, then what is refused."""
    InThisProcess.run = counted  # type: ignore[method-assign]  # counts, and runs
    with Path("components.txt").open("w") as file, redirect_stdout(file):
        main(["components"])
    ours = [f"{kind}={name}" for kind, name in foreign.items() if kind != "exporter"]
    main(["run", "scene.npy", *ours, *TINY, "workspace=w"])
    label()
    Path("chosen.txt").write_text("1 3 4 6")
    main(["export", "w", "exporter=label_list", "folder=all"])
    main(["export", "w", "exporter=label_list", "folder=human", "labels=human"])
    main(["export", "w", "exporter=label_list", "folder=chosen", "labels=[human,propagated]", "selection=chosen.txt"])
    main(["export", "w", "exporter=geojson", "folder=geojson"])
    main(["evaluate", "w", "parts=[rotation,maps]"])
    main(["run", "scene.npy", *ours, *TINY, "segmenter=hexagons", "segmenter.n_segments=40", "workspace=hexagons"])
    rc = [
        ended("run", "scene.npy", *ours, *TINY, "matcher=bare", "workspace=bare"),
        ended("export", "w", "exporter=old"),
    ]
    components = {kind: described(kind, name) for kind, name in foreign.items()}
    errors = [refused(n_segments=0), refused(segments=3)]
    found = {"components": components, "errors": errors, "phases": PHASES, "rc": rc}
    Path("found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    session(json.loads(sys.argv[1]))
