"""The parts of pytorch-lightning that training uses, imported after torchvision has been made importable."""

from __future__ import annotations

import os

from rsgraph.encoders.torchvision_import import import_torchvision

import_torchvision()

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
"""Variables of batch systems that Lightning reads on import: as its own rank, and as a number, be they neither."""

_hidden = {name: os.environ.pop(name) for name in RANKS if name in os.environ}

from lightning_fabric.plugins import ClusterEnvironment  # noqa: E402 - torchvision first
from pytorch_lightning import Callback, LightningModule, Trainer  # noqa: E402 - torchvision first
from pytorch_lightning.plugins import TorchCheckpointIO  # noqa: E402 - as above
from pytorch_lightning.strategies import DDPStrategy  # noqa: E402 - as above
from pytorch_lightning.utilities.exceptions import SIGTERMException  # noqa: E402 - as above

os.environ.update(_hidden)

__all__ = [
    "RANKS",
    "Callback",
    "DDPStrategy",
    "LightningModule",
    "Processes",
    "SIGTERMException",
    "TorchCheckpointIO",
    "Trainer",
]


class Processes(ClusterEnvironment):
    """The cluster environment of processes that run already, on one machine.

    Parameters
    ----------
    rank, count
        Number of this process, and of all.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank = rank
        self.count = count

    @property
    def creates_processes_externally(self) -> bool:
        """Return True: Lightning starts no processes."""
        return True

    @property
    def main_address(self) -> str:
        """Return an address that is not used: the group is formed already, through a file."""
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        """Return a port that is not used."""
        return 0

    @staticmethod
    def detect() -> bool:
        """Return False: this is only used where it is passed."""
        return False

    def world_size(self) -> int:
        """Count all processes."""
        return self.count

    def set_world_size(self, size: int) -> None:
        """Ignore it: the number is fixed."""
        assert size == self.count, "one process per device"

    def global_rank(self) -> int:
        """Return the number of this process."""
        return self.rank

    def set_global_rank(self, rank: int) -> None:
        """Ignore it: the number is fixed."""
        assert rank == self.rank, "one process per device"

    def local_rank(self) -> int:
        """Return the number of this process on this machine."""
        return self.rank

    def node_rank(self) -> int:
        """Return the number of this machine."""
        return 0
