"""A process that is killed while it brushes: forked from one that has everything imported, so that dying is cheap."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pandas  # noqa: F401 - or each fork would import it anew

from rsgraph.journal.journal import Journal

SEGMENTS = 20_000


def brush(path: Path, seed: int, pipe: int) -> None:
    """Act on a journal until killed; acknowledge each event after it returned, with what holds after it."""
    draw = random.Random(seed)
    numbers = np.random.default_rng(seed)
    with Journal(path) as journal:
        while True:
            act(journal, draw, numbers)
            acknowledge(journal, pipe)


def act(journal: Journal, draw: random.Random, numbers: np.random.Generator) -> None:
    """Do one thing at random."""
    names = journal.classes()["name"].tolist()
    kinds = {"assign": 10, "erase": 2, "each": 2, "undo": 5, "redo": 3, "define": 2, "remove": 0.3, "merge": 0.3}
    kind = draw.choices(list(kinds), list(kinds.values()))[0]
    size = int(10 ** draw.uniform(0, 4))
    ids = numbers.choice(SEGMENTS, size, replace=False) + 1
    if kind == "define" or not names:
        journal.define(f"class {draw.randrange(6)}", colour=f"#{draw.randrange(0x1000000):06x}")
    elif kind == "assign":
        journal.assign(ids, draw.choice(names), confidence=draw.choice([None, 0.5]))
    elif kind == "erase":
        journal.assign(ids, None)
    elif kind == "each":
        journal.assign_each(ids, draw.choices([*names, None], k=size), origin="imported")
    elif kind == "merge":
        if len(names) > 1:
            journal.merge(*draw.sample(names, 2))
    elif kind == "remove":
        journal.remove(draw.choice(names))
    else:
        getattr(journal, kind)()


def acknowledge(journal: Journal, pipe: int) -> None:
    """Tell the parent how many events there are and what labels hold, in one write that is whole or absent."""
    os.write(pipe, f"{len(journal._log.events)} {journal._log.state.fingerprint([])}\n".encode())


def killed(path: Path, seed: int, waited: int, seconds: float) -> list[tuple[int, int]]:
    """Fork a process that brushes, kill it some time after a number of acknowledgements, and return all of them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            brush(path, seed, writing)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(1)  # only an error comes here
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        lines = [pipe.readline() for _ in range(waited)]
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        lines += pipe.readlines()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise RuntimeError(f"the brushing process ended by itself: {status}")
    return [(int(events), int(found)) for events, found in (line.split() for line in lines)]


def serve(path: Path) -> None:
    """Kill one process after the other, as ordered on standard input; answer with what each acknowledged."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(killed(path, *json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
