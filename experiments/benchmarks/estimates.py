"""The time that a run says is left, against the time that it then takes.

    python -m experiments.benchmarks.estimates [SIZE] [FOLDER] [option=value ...]

A tile with varied places is generated (places.py; by default 2 745 x 2 745, a sixteenth of a tile) and run with the
plain defaults from an empty cache. Every second the words that the run shows are kept with the time at which they
were shown; the ends of the stages and of the run tell the truth. A figure is the share of the times shown that are
within a factor of 1.5 of the truth. Both count as one second at the least, since nothing shorter is ever said. The
reports of progress, with their times, are left beside the tile (estimates-SIZE.json).
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.benchmarks.places import TILE, write_tile
from experiments.benchmarks.record import Value, record
from rsgraph.cli import main as main_of_rsgraph
from rsgraph.events import listening
from rsgraph.files import write_json

SIZE, FACTOR, AIM = 2745, 1.5, 0.9
EVERY = 1.0
"""Seconds between two times of one stage that are kept: long stages count for more."""

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_SHOWN = re.compile(r"about ([\d.]+) (s|min|h)( left in all| in all| left)")
WHOLE = "the whole run"


@dataclass
class Recorder:
    """Keeps the times that are shown, and when stages end.

    Parameters
    ----------
    clock
        Tells seconds.
    """

    clock: Callable[[], float] = time.monotonic
    shown: list[tuple[float, str, float]] = field(default_factory=list)
    """Time, stage (or ``WHOLE``), seconds that were said to be left."""
    ended: dict[str, float] = field(default_factory=dict)
    """Stage -> time of its end."""
    began: dict[str, float] = field(default_factory=dict)
    """Stage -> time of its first report of progress."""
    reports: list[tuple[float, str, int, int]] = field(default_factory=list)
    """Time, stage, steps done, steps: what another way of estimating can be tried on."""

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Hear an event of a run."""
        now = self.clock()
        if "finished" in event:
            self.ended[event["finished"]] = self.ended[WHOLE] = now
        elif "done" in event:
            self.began.setdefault(event["stage"], now)
            self.reports.append((now, event["stage"], event["done"], event["total"]))
            for seconds, whole in said(event["left"]):
                self._keep(now, WHOLE if whole else event["stage"], seconds)

    def _keep(self, now: float, stage: str, seconds: float) -> None:
        last = next((then for then, name, _ in reversed(self.shown) if name == stage), None)
        if last is None or now - last >= EVERY:
            self.shown.append((now, stage, seconds))


def said(words: str) -> list[tuple[float, bool]]:
    """Take the words of a run apart: seconds, and whether they are those of the whole run.

    Examples
    --------
    >>> said("about 40 s left, about 4 min in all")
    [(40.0, False), (240.0, True)]
    """
    return [(float(number) * _SECONDS[unit], "all" in of) for number, unit, of in _SHOWN.findall(words)]


def ratio(shown: float, true: float) -> float:
    """Return by which factor a time is wrong, 1 where it is right; both are a second at the least."""
    one, other = max(shown, 1.0), max(true, 1.0)
    return max(one / other, other / one)


def table(recorder: Recorder, title: str) -> list[dict[str, Value]]:
    """Return one row per stage that showed times, one of all stages, and one of the whole run."""
    ratios: dict[str, list[float]] = {}
    for now, stage, seconds in recorder.shown:
        if stage in recorder.ended:
            ratios.setdefault(stage, []).append(ratio(seconds, recorder.ended[stage] - now))
    whole = ratios.pop(WHOLE, [])
    stages = [each for found in ratios.values() for each in found]
    began, ended = recorder.began, recorder.ended
    rows = [row(f"{title}: {stage}", found, began[stage], ended[stage]) for stage, found in ratios.items()]
    first = min(began.values())
    for name, found in (("all stages", stages), (WHOLE, whole)):
        rows.append(row(f"{title}: {name}", found, first, ended[WHOLE]))
    return rows


def row(work: str, ratios: Sequence[float], began: float, ended: float) -> dict[str, Value]:
    """Return a row of the table."""
    if not ratios:
        return {"work": work, "took_s": round(ended - began, 1), "shown": 0, "note": "no time was shown"}
    within = sum(each <= FACTOR for each in ratios) / len(ratios)
    return {
        "work": work,
        "took_s": round(ended - began, 1),
        "shown": len(ratios),
        "within": round(within, 3),
        "worst_factor": round(max(ratios), 2),
        "note": f"{100 * within:.0f} % of {len(ratios)} times within a factor of {FACTOR}; aim {100 * AIM:.0f} %",
    }


def main(words: Sequence[str]) -> None:
    """Run a tile, print and record how right its estimates were."""
    size = next((int(word) for word in words if word.isdigit()), SIZE)
    folder = Path(next((word for word in words if "=" not in word and not word.isdigit()), TILE)).absolute()
    options = [word for word in words if "=" in word]
    workspace, cache = folder / f"estimates-{size}", folder / f"estimates-{size}-cache"
    for path in (workspace, cache):
        shutil.rmtree(path, ignore_errors=True)
    recorder = Recorder()
    places = (f"workspace={workspace}", f"cache.path={cache}", "tracking.uri=none")
    with listening(recorder):
        main_of_rsgraph(["run", str(write_tile(folder, size)), *places, *options])
    title = ", ".join([f"time left, tile of {size:_} x {size:_} x 12".replace("_", " "), *options])
    write_json(folder / f"estimates-{size}.json", {"ended": recorder.ended, "reports": recorder.reports})
    rows = table(recorder, title)
    for found in rows:
        print("{work}: {note}".format(**found))
    print(record("estimates", rows))


if __name__ == "__main__":
    main(sys.argv[1:])
