"""All components: the table of contents of rsgraph.

Each line is a name that configs use and the class it stands for. Packages add more through entry points
(group ``rsgraph.<kind>``); see ``plugins/`` for one of 40 lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from rsgraph.errors import ConfigError
from rsgraph.registry import Registry

BUILT_IN: dict[str, dict[str, str]] = {
    "reader": {
        "auto": "rsgraph.io.auto:Auto",
        "geotiff": "rsgraph.io.geotiff:GeoTiff",
        "bands": "rsgraph.io.bands:Bands",
        "scenes": "rsgraph.io.scenes:Scenes",
        "safe": "rsgraph.io.safe:Safe",
        "swed": "rsgraph.io.swed:Swed",
        "eurosat": "rsgraph.io.eurosat:EuroSat",
        "synthetic": "rsgraph.io.synthetic.reader:Synthetic",
    },
    "target": {
        "fuzzy_c_means": "rsgraph.targets.fuzzy_c_means:FuzzyCMeans",
        "kmeans": "rsgraph.targets.kmeans:KMeans",
        "unmixing": "rsgraph.targets.unmixing:Unmixing",
    },
    "encoder": {
        "unet": "rsgraph.encoders.unet:UNet",
        "bands": "rsgraph.encoders.bands:Bands",
        "autoencoder": "rsgraph.encoders.autoencoder:Autoencoder",
        "segmentation_models": "rsgraph.encoders.segmentation_models:SegmentationModels",
    },
    "segmenter": {
        "slic": "rsgraph.segmenters.slic:Slic",
        "felzenszwalb": "rsgraph.segmenters.felzenszwalb:Felzenszwalb",
        "watershed": "rsgraph.segmenters.watershed:Watershed",
        "grid": "rsgraph.segmenters.grid:Grid",
    },
    "graph": {
        "nearest": "rsgraph.graphs.nearest:Nearest",
        "adjacency": "rsgraph.graphs.adjacency:Adjacency",
    },
    "metric": {
        "touching": "rsgraph.metrics.touching:Touching",
        "whitening": "rsgraph.metrics.whitening:Whitening",
        "none": "rsgraph.metrics.none:NoMetric",
    },
    "gnn": {
        "gcn": "rsgraph.gnn.gcn:Gcn",
        "gat": "rsgraph.gnn.gat:Gat",
        "sage": "rsgraph.gnn.sage:Sage",
        "rings": "rsgraph.gnn.rings:Rings",
        "none": "rsgraph.gnn.none:NoGnn",
    },
    "matcher": {
        "auto": "rsgraph.matchers.auto:Auto",
        "hungarian": "rsgraph.matchers.hungarian:Hungarian",
        "hungarian_nearest": "rsgraph.matchers.hungarian_nearest:HungarianNearest",
        "mean": "rsgraph.matchers.mean:Mean",
        "sinkhorn": "rsgraph.matchers.sinkhorn:Sinkhorn",
    },
    "projector": {
        "umap": "rsgraph.projectors.umap:Umap",
        "parametric": "rsgraph.projectors.parametric:Parametric",
        "tsne": "rsgraph.projectors.tsne:Tsne",
        "pca": "rsgraph.projectors.pca:Pca",
    },
    "executor": {
        "local": "rsgraph.executors.local:Local",
        "dask": "rsgraph.executors.dask:Dask",
    },
    "exporter": {
        "geotiff": "rsgraph.exporters.geotiff:GeoTiff",
        "geopackage": "rsgraph.exporters.geopackage:GeoPackage",
        "geojson": "rsgraph.exporters.geojson:GeoJson",
        "geoparquet": "rsgraph.exporters.geoparquet:GeoParquet",
        "chips": "rsgraph.exporters.chips:Chips",
        "coco": "rsgraph.exporters.coco:Coco",
        "training": "rsgraph.exporters.training:Training",
        "stac": "rsgraph.exporters.stac:Stac",
    },
}

KINDS = tuple(BUILT_IN)

RENAMED = {("gnn", "surroundings"): "rings"}
"""Kind and name in workspaces of version 0.1.0 -> its name today. Keys of stages hold the former one."""


@cache
def registry(kind: str) -> Registry:
    """Return the registry of one kind, built once. Raises ConfigError (with the choices) for an unknown kind."""
    if kind not in BUILT_IN:
        raise ConfigError(f"unknown component kind '{kind}'; choose one of: {', '.join(KINDS)}")
    return Registry(kind, BUILT_IN[kind])


def build(kind: str, *, name: str, **parameters: Any) -> Any:
    """Build any component by its registered name.

    Parameters
    ----------
    kind
        ``reader``, ``target``, ``encoder``, ``segmenter``, ``graph``, ``metric``, ``gnn``, ``matcher``,
        ``projector``, ``executor`` or ``exporter``.
    name
        A registered name, e.g. ``"hungarian"``.
    **parameters
        The parameters of the component's constructor.

    Raises
    ------
    UnknownComponent
        The name is not registered; the message lists those that are.
    ConfigError
        The component has no such parameter, or its value is out of range.

    Examples
    --------
    >>> matcher = build("matcher", name="hungarian", k=15)
    """
    return registry(kind).build(name, parameters)


def from_config(kind: str, config: Mapping[str, Any]) -> Any:
    """Build a component from its config section: ``name`` and the constructor's parameters."""
    return registry(kind).build(config["name"], {str(key): value for key, value in config.items() if key != "name"})
