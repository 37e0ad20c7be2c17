"""Whether a GPU can be there at all, found out without torch, whose import takes seconds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""What the drivers of NVIDIA, of AMD and of Windows' Linux put there; without one of them no GPU is reached."""


def may_have_gpu(*, platform: str = sys.platform, drivers: Sequence[str] = DRIVERS) -> bool:
    """Tell whether torch has to be asked for a GPU: False is certain, True is not.

    Parameters
    ----------
    platform
        As ``sys.platform``. Only Linux shows its drivers as files.
    drivers
        Files of which one is there where a driver is.

    Notes
    -----
    Where torch is loaded already it is asked: that costs nothing.
    """
    return "torch" in sys.modules or platform != "linux" or any(Path(path).exists() for path in drivers)
