"""Vectors of segments to be compared. Each is made without labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from experiments.labelling.numbers import block, neighbour_means, whitened
from experiments.labelling.segments import Segments
from rsgraph.neighbours.rows import Metric
from rsgraph.types import Floats

DARKEST = 1e-3
"""Reflectance under which a logarithm says nothing: sensor noise."""

LEAST = 0.002
"""Share of the variance under which a principal component is noise."""


class Representation(NamedTuple):
    """Vectors (n, D), and how they are compared."""

    vectors: Floats
    metric: Metric


def surroundings(bands: Floats, edges: Floats, *, hops: int) -> Floats:
    """Join whitened log-reflectance of a segment with that of its neighbours, block by block.

    log r, mean of log r over the neighbours (and over their neighbours); each block standardised, rotated to
    principal components, components under 0.2 % of the variance cut, the rest scaled to variance 1; blocks of equal
    weight side by side; compared by Euclidean distance.
    """
    blocks = [np.log(np.maximum(bands, DARKEST))]
    for _ in range(hops):
        blocks.append(neighbour_means(blocks[-1], edges))
    return np.concatenate([block(whitened(part, least=LEAST)) for part in blocks], axis=1)


def bands_joined(segments: Segments, *, hops: int) -> Floats:
    """Join mean reflectance with the means of neighbours, all standardised: the issue's strong baseline."""
    blocks = [segments.layers["bands"]]
    for _ in range(hops):
        blocks.append(neighbour_means(blocks[-1], segments.edges))
    return np.concatenate([block(part) for part in blocks], axis=1)


SEGMENT: dict[str, Callable[[Segments], Representation]] = {
    "bands": lambda s: Representation(s.layers["bands"], "cosine"),
    "bands_1hop": lambda s: Representation(bands_joined(s, hops=1), "euclidean"),
    "bands_2hop": lambda s: Representation(bands_joined(s, hops=2), "euclidean"),
    "encoder": lambda s: Representation(s.layers["encoder"], "cosine"),
    "gnn1": lambda s: Representation(s.layers["gnn1"], "cosine"),
    "gnn2": lambda s: Representation(s.layers["gnn2"], "cosine"),
    "encoder_white": lambda s: Representation(whitened(s.layers["encoder"], least=LEAST), "euclidean"),
    "gnn2_white": lambda s: Representation(whitened(s.layers["gnn2"], least=LEAST), "euclidean"),
    "surroundings": lambda s: Representation(surroundings(s.layers["bands"], s.edges, hops=1), "euclidean"),
    "surroundings_2hop": lambda s: Representation(surroundings(s.layers["bands"], s.edges, hops=2), "euclidean"),
}
"""By name. The workspace's layers are compared by cosine, as its maps are; joined blocks by Euclidean distance."""
