"""Colour and surroundings without training: whitened log-reflectance of segments and of their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import MOST_LAYERS, Gnn, refuse_above

if TYPE_CHECKING:
    from torch import nn

_LOWEST = 1e-6
"""``least`` at least: components with less of the variance are rounding errors of float32."""


class Rings(Gnn):
    r"""Untrained: whitened log-reflectance of a segment beside that of its neighbours, for labelling.

    .. math::

        X^{(l)} = [W_0(h_0), \ldots, W_l(h_l)], \quad
        h_0 = \log r, \quad h_{k+1, i} = \mathrm{mean}_{j \in N(i)} h_{k, j}

    where r is the mean reflectance of a segment, and :math:`W_k` whitens: bands are standardised and turned to
    principal components, weak ones are cut, and the rest scaled to variance 1 / their number, so that every block
    weighs the same in a distance. A segment to which no other is a neighbour counts as its own neighbour.

    No gradient, no labels and no memberships: means, rotations and scales are fitted to the segments of the scene,
    test chips included, and kept as weights like those of any GNN, so that ``model.from`` applies them to another
    scene. Layer l is ``gnn<l>``: it knows l rings of neighbours, and none are logits. Until there was a metric, it
    was the best to label in; ``own`` and ``surroundings`` are better (experiments/labelling), and workspaces that
    were made with it, as ``gnn=surroundings``, go on.

    Parameters
    ----------
    layers
        Rings of neighbours of the last layer.
    floor
        Reflectance under which the logarithm says nothing but sensor noise; darker values count as this much.
    least
        Share of a block's variance, 1e-6 to 1, under which a principal component is noise and is cut.

    Raises
    ------
    ConfigError
        ``layers`` is below 1, ``floor`` not above 0, or ``least`` not within 1e-6 and 1.

    Notes
    -----
    Not in the paper. It reads the segments' mean bands, whatever the encoder: logarithms want reflectance, and
    activations are none. ``encoder=bands`` therefore saves the training of an encoder that nothing would read.

    Its distances are Euclidean: maps want ``projector.metric=euclidean``. Matchers compare by cosine.
    """

    trainable = False
    reads = "bands"

    def __init__(self, layers: int = 2, floor: float = 1e-3, least: float = 0.002) -> None:
        if layers < 1:
            raise ConfigError(f"`layers` must be at least 1. Got {layers} instead; try 2.")
        refuse_above(MOST_LAYERS, layers=layers)
        if not floor > 0:
            raise ConfigError(f"`floor` must be a reflectance above 0. Got {floor} instead; try 0.001.")
        if not _LOWEST <= least < 1:
            raise ConfigError(f"`least` must be at least {_LOWEST} and below 1. Got {least} instead; try 0.002.")
        self.layers = self.n_layers = layers
        self.floor, self.least = floor, least

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network, to be fitted; classes and edge attributes have no place in it."""
        from rsgraph.gnn.rings_network import RingsNetwork

        return RingsNetwork(n_features, self.layers, floor=self.floor, least=self.least)
