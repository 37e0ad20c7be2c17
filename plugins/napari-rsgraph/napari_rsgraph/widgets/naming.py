"""How layers and projectors are called on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PROJECTORS = {"umap": "UMAP", "parametric": "Parametric UMAP", "tsne": "t-SNE", "pca": "PCA"}
_ENCODERS = {"unet": "U-Net", "bands": "Bands", "segmentation_models": "Encoder"}
_TARGETS = {
    "fuzzy_c_means": "C-means memberships",
    "kmeans": "k-means memberships",
    "unmixing": "Unmixing fractions",
}


def layer_title(layer: str, config: Mapping[str, Any]) -> str:
    """Return the name of a layer for reading.

    Parameters
    ----------
    layer
        As the workspace lists it.
    config
        Of the workspace: says which encoder and target it was.
    """
    if layer.startswith("gnn") and layer[3:].isdigit():
        return f"GNN layer {layer[3:]}"
    if layer == "encoder":
        return _ENCODERS.get(str(config["encoder"]["name"]), "Encoder")
    if layer == "target":
        return _TARGETS.get(str(config["target"]["name"]), "Memberships")
    return layer[:1].upper() + layer[1:]


def projector_title(projector: str) -> str:
    """Return the name of a projector for reading."""
    return _PROJECTORS.get(projector, projector)
