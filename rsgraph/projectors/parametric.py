"""Parametric UMAP: a small network that maps vectors to points, trained with UMAP's loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.rows import Metric, check_metric, comparable, moments, parts
from rsgraph.progress import part_of
from rsgraph.projectors.fuzzy import closeness_curve, fuzzy_graph
from rsgraph.projectors.neighbourhoods import FEWEST, nearest_of_vectors
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.sampling import check_sample, draw
from rsgraph.projectors.scaling import check_vectors
from rsgraph.projectors.umap import Umap
from rsgraph.protocols import WIDEST, Accelerator, Progress, Projector, refuse_above
from rsgraph.types import Floats, Projection

if TYPE_CHECKING:
    from torch import Generator, Tensor

Model = Mapping[str, NDArray[Any]]

LAYERS = 3
"""Hidden layers: those of Sainburg et al."""

BATCH = 1024
"""Edges per step; both ends go through the network."""

NEGATIVES = 5
"""Random pairs per edge, as in umap-learn: ends of other edges of the batch."""

RATE = 3e-3
"""Largest learning rate of Adam: rises in a tenth of the steps and falls to nothing."""

SIZE = 10.0
"""Largest coordinate of the principal components that the map starts from, as in ``Umap``."""

_NEAR = 1e-3
"""Added to squared distances, as in umap-learn, so that equal points do not push each other to infinity."""

_REPORT = 20
"""Steps between two calls of ``progress``."""


class Parametric(Projector):
    r"""Parametric UMAP: a small network trained with UMAP's loss on a sample maps any number of vectors.

    What the paper's discussion proposes for large scenes [1]_. The fuzzy neighbour graph of a seeded sample is that
    of ``Umap``; the network f learns from its edges, drawn by their weights, and from random pairs:

    .. math::
        L = -\log q_{ij} - \sum_{5 \text{ random}} \log(1 - q_{ik}), \quad
        q_{ij} = \frac{1}{1 + a |f(x_i) - f(x_j)|^{2b}}

    f(x) is a linear map plus a network of three hidden layers (ReLU). At the start it is the two principal components
    exactly: like the start of ``Umap``, this keeps the large-scale arrangement. A million segments are mapped in
    seconds once the network is trained, and vectors of another day or scene land on the same map. Its maps are
    smoother than UMAP's: broad arrangement better kept, finest neighbourhoods a little less
    (experiments/benchmarks/projection.py).

    One seed, one thread: the same map on the same processor. Distances and neighbour lists have
    no vectors to map: there the same loss without a network is ``Umap``, and ``Projection.method`` says so.

    Parameters
    ----------
    n_neighbors, min_dist, metric
        As in ``Umap``.
    sample
        Vectors that the network learns from, drawn from all; None: all.
    hidden
        Units of each hidden layer. More cost up to their square: on EuroSAT's 40 000 segments 128 took twice
        the time of 64, and trustworthiness differed by its error (0.001).
    steps
        Steps of training, of 1024 edges each. More: finer neighbourhoods.
    accelerator
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``gpu`` or ``mps``.

    References
    ----------
    .. [1] T. Sainburg, L. McInnes and T. Q. Gentner, "Parametric UMAP embeddings for representation and
       semisupervised learning", Neural Computation 33(11), 2021. doi:10.1162/neco_a_01434
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        metric: Metric = "cosine",
        sample: int | None = 50_000,
        hidden: int = 64,
        steps: int = 2000,
        accelerator: Accelerator = "auto",
    ) -> None:
        self.unparametric = Umap(n_neighbors, min_dist, metric)
        self.metric: Metric = check_metric(metric)
        self.sample = check_sample(sample, n_neighbors)
        for name, value in (("hidden", hidden), ("steps", steps)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"`{name}` must be a whole number of at least 1. Got {value!r} instead.")
        refuse_above(WIDEST, hidden=hidden)
        if accelerator not in ("auto", "cpu", "cuda", "gpu", "mps"):
            raise ConfigError(
                f"`accelerator` must be one of: auto, cpu, cuda, gpu, mps. Got {accelerator!r} instead."
            )
        self.hidden, self.steps, self.accelerator = hidden, steps, accelerator

    def with_accelerator(self, accelerator: Accelerator) -> Parametric:
        """Return it with another accelerator, where its own is ``auto``."""
        chosen = copy(self)
        chosen.accelerator = accelerator if self.accelerator == "auto" else self.accelerator
        return chosen

    def with_metric(self, metric: Metric) -> Parametric:
        """Return it with another ``metric``."""
        chosen = copy(self)
        chosen.metric, chosen.unparametric = check_metric(metric), self.unparametric.with_metric(metric)
        return chosen

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Train on a sample of vectors (n, D), map all. Raises NotUsable: not two-dimensional, or not finite.

        ``method`` is ``parametric`` and ``model`` the trained network, or ``pca`` under five points.
        """
        vectors = check_vectors(vectors)
        if len(vectors) < FEWEST:
            return Pca().project(vectors, seed=seed, progress=progress)
        model = self.fit(vectors, seed=seed, progress=part_of(progress, 0, 0.9))
        points = self.transform(vectors, model, seed=seed, progress=part_of(progress, 0.9, 1))
        return Projection(points=points, method="parametric", model=model)

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out (n, n) distances by ``Umap``. Raises NotUsable (shape, NaN, asymmetry)."""
        return self.unparametric.project_distances(distances, seed=seed, progress=progress)

    def project_neighbours(
        self, neighbours: NDArray[np.int64], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Lay out neighbour lists (n, k) by ``Umap``. Raises NotUsable (shape, NaN, neighbours that are none)."""
        return self.unparametric.project_neighbours(neighbours, distances, seed=seed, progress=progress)

    def fit(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> dict[str, NDArray[Any]]:
        """Train the network on vectors (n, D), n at least 5; the seed draws sample, first weights and edges.

        The model is ``mean`` (D,), ``axes`` (D, D), ``linear`` (2, D), and ``weight0``, ``bias0`` ... of the layers:
        float32. Raises NotUsable, as ``project``, and ConfigError where the accelerator is not there.
        """
        vectors = check_vectors(vectors)
        sample = np.asarray(vectors[draw(len(vectors), self.sample, seed)])
        rows = comparable(sample, self.metric)
        frame = _frame(rows)
        edges = self._edges(sample, seed)
        framed: Floats = ((rows - frame["mean"]) @ frame["axes"]).astype(np.float32, copy=False)
        with _one_thread():
            trained = self._train(framed, edges, seed, progress)
        return {**frame, **trained}

    def in_parts(self, n: int) -> bool:
        """Tell whether a map of n vectors is fitted first and then filled in: of all but a few."""
        return n >= FEWEST

    def transform(
        self,
        vectors: Floats,
        model: Model,
        *,
        seed: int = 0,
        first: int | None = None,
        progress: Progress | None = None,
    ) -> Floats:
        """Map vectors (m, D) by a trained network, strip by strip.

        Nothing is drawn and every vector is mapped by itself: neither ``seed`` nor ``first`` is used. Raises
        NotUsable, also for another number of features than the network's; ConfigError where there is no accelerator.
        """
        import torch

        vectors = check_vectors(vectors)
        if vectors.shape[1] != len(model["mean"]):
            raise NotUsable(f"the network maps {len(model['mean'])} features. Got vectors {vectors.shape} instead.")
        device = choose_device(self.accelerator)
        layers = {name: torch.tensor(value, device=device) for name, value in model.items()}
        points = np.empty((len(vectors), 2), dtype=np.float32)
        for part in parts(len(vectors)):
            rows = torch.from_numpy(comparable(np.array(vectors[part]), self.metric)).to(device)
            with torch.no_grad():
                points[part] = forward((rows - layers["mean"]) @ layers["axes"], layers).cpu().numpy()
            if progress:
                progress(part.stop, len(vectors))
        return points

    def _edges(self, sample: Floats, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the edges (2, E) of the fuzzy neighbour graph and their weights, added up."""
        k = min(self.unparametric.n_neighbors, len(sample) - 1)
        indices, distances = nearest_of_vectors(sample, k, self.metric, seed=seed)
        graph = fuzzy_graph(indices, distances)
        return np.stack([graph.row, graph.col]).astype(np.int64), np.cumsum(graph.data, dtype=np.float64)

    def _train(
        self,
        rows: Floats,
        edges: tuple[NDArray[np.int64], NDArray[np.float64]],
        seed: int,
        progress: Progress | None,
    ) -> dict[str, Floats]:
        """Train on rows (s, D) in their principal axes; return the layers."""
        import torch

        device = choose_device(self.accelerator)
        layers = _first_layers(rows, self.hidden, torch.Generator().manual_seed(seed), device)
        given = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32)).to(device)
        curve = closeness_curve(self.unparametric.min_dist)
        optimiser = torch.optim.Adam(layers.values(), lr=RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=self.steps + 1, pct_start=0.1)
        rng = np.random.default_rng(seed)
        for step in range(self.steps):
            ends = torch.from_numpy(_drawn_edges(*edges, rng)).to(device)
            points = forward(given[ends.ravel()], layers).view(2, -1, 2)
            loss = umap_loss(points[0], points[1], rng.integers(1, ends.shape[1], size=NEGATIVES).tolist(), curve)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own gap
            optimiser.step()
            schedule.step()
            if progress and (step % _REPORT == 0 or step + 1 == self.steps):
                progress(step + 1, self.steps)
        return {name: value.detach().cpu().numpy() for name, value in layers.items()}


def choose_device(accelerator: Accelerator) -> str:
    """Return torch's name of the device. Raises ConfigError where the one that was asked for is not there."""
    import torch

    there = [name for name, module in (("cuda", torch.cuda), ("mps", torch.backends.mps)) if module.is_available()]
    if accelerator in ("auto", "gpu"):
        wanted = (there or ["cpu" if accelerator == "auto" else "gpu"])[0]
    else:
        wanted = accelerator
    if wanted not in (*there, "cpu"):
        raise ConfigError(
            f"`accelerator` must be one that this machine has: {', '.join(['auto', *there, 'cpu'])}. "
            f"Got {accelerator!r} instead."
        )
    return wanted


@contextmanager
def _one_thread() -> Iterator[None]:
    """Train with one thread of the processor: sums have one order, and no second thread waits in a busy loop.

    Numba's first parallel loop in a process sets the OpenMP threads of all libraries to the number of cores, torch's
    too, whatever ``OMP_NUM_THREADS`` says; on a machine that others use a step then took ten times as long.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def forward(rows: Tensor, layers: Mapping[str, Tensor]) -> Tensor:
    """Map rows (m, D), in the network's frame, to points (m, 2)."""
    from torch.nn import functional

    hidden = rows
    for number in range(LAYERS):
        hidden = functional.relu(functional.linear(hidden, layers[f"weight{number}"], layers[f"bias{number}"]))
    bent = functional.linear(hidden, layers[f"weight{LAYERS}"], layers[f"bias{LAYERS}"])
    return bent + functional.linear(rows, layers["linear"])


def umap_loss(heads: Tensor, tails: Tensor, shifts: Sequence[int], curve: tuple[float, float]) -> Tensor:
    """UMAP's cross-entropy of a batch of edges.

    Parameters
    ----------
    heads, tails
        (e, 2) points of both ends.
    shifts
        For each random pair of an edge, how far away in the batch the edge is whose tail is taken: 1 to e - 1.
    curve
        a and b.

    Returns
    -------
    loss
        Mean over edges of -log q of the edge and -log(1 - q) of its random pairs.
    """
    from torch.nn import functional

    loss = functional.softplus(-_logit(heads, tails, curve)).mean()
    for shift in shifts:
        loss = loss + functional.softplus(_logit(heads, tails.roll(shift, 0), curve)).mean()
    return loss


def _logit(a: Tensor, b: Tensor, curve: tuple[float, float]) -> Tensor:
    """Return log(q / (1 - q)) of pairs: -log a - b log d^2, which needs no care near 0 and 1."""
    squared = (a - b).square().sum(dim=1) + _NEAR
    return -(math.log(curve[0]) + curve[1] * squared.log())


def _frame(rows: Floats) -> dict[str, Floats]:
    """Return mean (D,) and axes (D, D) that turn rows to principal axes of variance 1 on average."""
    mean, products = moments(rows)
    variances, axes = np.linalg.eigh(products / len(rows))
    scale = np.sqrt(max(float(variances.mean()), float(np.finfo(np.float32).tiny)))
    return {"mean": mean.astype(np.float32), "axes": np.ascontiguousarray(axes[:, ::-1] / scale, dtype=np.float32)}


def _first_layers(rows: Floats, hidden: int, generator: Generator, device: str) -> dict[str, Tensor]:
    """Return layers whose sum is the two first coordinates of rows (s, D), scaled: the last bent layer is 0."""
    import torch

    features = rows.shape[1]
    linear = torch.eye(2, features) * (SIZE / max(float(np.abs(rows[:, :2]).max(initial=0.0)), _NEAR))
    layers = {"linear": linear}
    for number, (inputs, outputs) in enumerate(pairwise([features, *[hidden] * LAYERS, 2])):
        reach = 1 / math.sqrt(max(inputs, 1)) if number < LAYERS else 0.0  # torch's own, but for the last
        layers[f"weight{number}"] = (2 * torch.rand(outputs, inputs, generator=generator) - 1) * reach
        layers[f"bias{number}"] = (2 * torch.rand(outputs, generator=generator) - 1) * reach
    return {name: value.to(device).requires_grad_() for name, value in layers.items()}


def _drawn_edges(edges: NDArray[np.int64], added: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw a batch of edges (2, e) by their weights, whose sums are ``added``."""
    places = np.searchsorted(added, rng.random(BATCH) * added[-1], side="right")
    return edges[:, np.minimum(places, len(added) - 1)]
