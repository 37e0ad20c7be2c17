"""Several processes: they work together, report once, and end together."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import distributed

from rsgraph.errors import NotUsable, WorkerLost
from rsgraph.training.processes import Place, Tell, run_together


@dataclass(frozen=True)
class Meet:
    """Adds the ranks up, writes into a tensor that came along, then one ends otherwise than the other expects."""

    tensor: torch.Tensor
    killed: bool

    def __call__(self, place: Place, tell: Tell) -> None:
        together = torch.tensor([place.rank + 1.0])
        distributed.all_reduce(together)
        tell((place.rank, float(together), self.tensor.tolist()))
        self.tensor.fill_(9)
        distributed.barrier()
        if place.rank == 1 and self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        if place.rank == 1:
            raise NotUsable("that is why")
        signal.pause()  # for ever, unless the parent ends it


def test_an_interrupt_ends_all_processes() -> None:
    def interrupt(message: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_together(Meet(torch.zeros(2), False), count=2, backend="gloo", tell=interrupt)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("killed", "error", "sentence"),
    [(False, NotUsable, r"^that is why$"), (True, WorkerLost, r"one of 2 training processes was killed \(signal 9")],
)
def test_processes_work_together_and_end_together(killed: bool, error: type[Exception], sentence: str) -> None:
    messages: list[Any] = []
    tensor = torch.zeros(2)
    with pytest.raises(error, match=sentence):
        run_together(Meet(tensor, killed), count=2, backend="gloo", tell=messages.append)
    assert sorted(messages) == [(0, 3.0, [0, 0]), (1, 3.0, [0, 0])]
    assert tensor.tolist() == [0, 0]
