"""What training uses of pytorch-lightning. Import it from here: torchvision must be mended before."""

from __future__ import annotations

from rsgraph.encoders.torchvision_import import import_torchvision

import_torchvision()

from pytorch_lightning import Callback, LightningModule, Trainer  # noqa: E402 - torchvision first
from pytorch_lightning.plugins import TorchCheckpointIO  # noqa: E402 - as above
from pytorch_lightning.utilities.exceptions import SIGTERMException  # noqa: E402 - as above

__all__ = ["Callback", "LightningModule", "SIGTERMException", "TorchCheckpointIO", "Trainer"]
