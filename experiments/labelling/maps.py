"""Maps of the segments of a scene, one per layer and seed; drawn once, kept as files."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np

from experiments.labelling.segments import Segments
from experiments.labelling.store import WORK
from rsgraph.projectors.umap import Umap
from rsgraph.types import Floats

SCENE = "place"
"""Rows and columns of segments, taken for a map: brushing in the scene itself."""


MANY, FEWER = 2000, 200
"""Points above which UMAP takes fewer epochs than its own 500, so that all rows fit an hour on two cores."""

SEEDS = 5


def epochs(n: int) -> int:
    """Return UMAP's epochs for so many points; 500 are its own, up to 10 000."""
    return FEWER if n > MANY else 500


def hash_of(vectors: Floats) -> str:
    """Return what tells vectors from others."""
    return blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=6).hexdigest()


def draw(segments: Segments, layer: str, seed: int) -> Floats:
    """Return the map (n, 2) of a layer, as a run draws it but for ``epochs``."""
    if layer == SCENE:
        return segments.places
    vectors, metric = segments.layers[layer], segments.compared[layer]
    path = Path(WORK / "maps" / f"{hash_of(vectors)}-{metric}-{seed}-{epochs(len(vectors))}.npy")
    if path.exists():
        return np.asarray(np.load(path))
    points = (
        Umap(metric=metric, n_epochs=epochs(len(vectors))).project(np.ascontiguousarray(vectors), seed=seed).points
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, points)
    return points


def draw_all(segments: Segments, layers: list[str], seed: int) -> list[Floats]:
    """Return the maps of layers; a layer that is named twice gets the map of another seed the second time."""
    found = []
    for number, layer in enumerate(layers):
        again = layers[:number].count(layer)
        found.append(draw(segments, layer, (seed + again) % SEEDS))
    return found
