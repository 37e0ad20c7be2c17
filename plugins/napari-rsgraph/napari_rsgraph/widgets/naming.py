"""Layers, projectors, areas and shares as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PROJECTORS = {
    "umap": "UMAP",
    "parametric": "Parametric UMAP",
    "tsne": "t-SNE",
    "pca": "PCA",
    "labels": "From your labels",
}
_ENCODERS = {"unet": "U-Net", "bands": "Bands", "segmentation_models": "Encoder"}
_TARGETS = {
    "fuzzy_c_means": "C-means memberships",
    "kmeans": "k-means memberships",
    "unmixing": "Unmixing fractions",
}

_COLUMNS = {
    "strongest membership": "Cluster",
    "area_px": "Area in pixels",
    "valid_fraction": "Share with data",
    "cloud_share": "Share of cloud",
    "shadow_share": "Share of cloud shadow",
    "split": "For training or testing",
    "scene_id": "Scene",
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
    if "+" in layer:
        return " + ".join(layer_title(part, config) for part in layer.split("+"))
    if layer.startswith("gnn") and layer[3:].isdigit():
        n = int(layer[3:])
        return f"Trained, {n} step{'' if n == 1 else 's'} around"
    if layer == "encoder":
        return _ENCODERS.get(str(config["encoder"]["name"]), "Encoder")
    if layer == "target":
        return _TARGETS.get(str(config["target"]["name"]), "Memberships")
    return layer[:1].upper() + layer[1:]


def column_title(name: str) -> str:
    """Return what points can be coloured by, for reading: choices of the session and columns of its tables."""
    return _COLUMNS.get(name, name[:1].upper() + name[1:].replace("_", " "))


def projector_title(projector: str) -> str:
    """Return the name of a projector for reading."""
    return _PROJECTORS.get(projector, projector)


def amount(hectares: float, pixels: float) -> str:
    """Return an area in hectares, or in pixels where there is no CRS.

    >>> amount(41.23, 4123)
    '41.2 ha'
    """
    if hectares != hectares:  # NaN: no CRS
        return f"{pixels:,.0f} px"
    return (
        f"{hectares:,.2f} ha"
        if hectares < 10
        else f"{hectares:,.1f} ha"
        if hectares < 1000
        else f"{hectares:,.0f} ha"
    )


def percent(share: float) -> str:
    """Return a share for reading; what is not nothing is not shown as 0, what is not all not as 100."""
    if 0 < share < 0.01:
        return "<\u00a01\u00a0%"
    return ">\u00a099\u00a0%" if 0.99 < share < 1 else f"{share:.0%}".replace("%", "\u00a0%")


_STAGES = {
    "scene": "the scene",
    "segments": "segments",
    "graph": "neighbours",
    "metric": "what tells segments apart",
    "project": "the first maps",
    "match": "chips, compared",
    "chip_map": "the map of chips",
    "target": "clusters",
    "encoder": "the network of pixels",
    "memberships": "clusters of segments",
    "encode": "segments, described by the network",
    "gnn": "the network of neighbours",
    "join": "what was trained, joined",
    "trained_maps": "maps of what was trained",
    "pictures": "pictures",
}


def stage_title(stage: str) -> str:
    """Return what a stage of a run makes, for reading."""
    return _STAGES.get(stage, stage.replace("_", " "))
