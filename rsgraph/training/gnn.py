"""Training of a GNN on the mean soft classes of segments (section 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Sampler

from rsgraph.errors import NotUsable
from rsgraph.protocols import Progress
from rsgraph.training.distributed import total
from rsgraph.training.fitting import DistributedModule, History, OnEpoch, adamw, fit
from rsgraph.training.graphs import GraphSample, GraphUnion, disjoint_union
from rsgraph.training.modules import GnnModule
from rsgraph.training.options import Hardware, TrainingOptions
from rsgraph.training.ordering import SeededRows


def train_gnn(
    module: GnnModule,
    graphs: Sequence[GraphSample],
    *,
    options: TrainingOptions,
    hardware: Hardware,
    seed: int,
    folder: Path,
    on_epoch: OnEpoch | None = None,
    progress: Progress | None = None,
) -> History:
    r"""Train ``module`` in place to predict each segment's mean soft class.

    The loss is the categorical cross-entropy :math:`-\frac1n \sum_i \sum_c t_{ic} \log \mathrm{softmax}(y_i)_c`
    between the logits y and the mean memberships t (section 2.6), over the nodes of ``train_mask``.

    Parameters
    ----------
    module
        From :func:`gnn_module`. Its standardisation is set from the nodes that train.
    graphs
        One per chip. Where no node validates, the training loss decides when to stop.
    options, hardware, seed, folder, on_epoch, progress
        As for :func:`rsgraph.training.train_encoder`; ``batch_size`` counts graphs, and ``on_epoch`` gets
        ``train_loss``, ``val_loss`` and ``seconds``.

    Returns
    -------
    History
        The epochs, and what is worth a note.

    Raises
    ------
    NotUsable
        No node is there to train on, or training diverged.
    KeyboardInterrupt
        Ctrl-C; the last whole epoch is in ``folder/last.ckpt``.
    """
    train = [i for i, graph in enumerate(graphs) if graph.train_mask.any()]
    validation = [i for i, graph in enumerate(graphs) if graph.val_mask.any()]
    if not train:
        raise NotUsable(f"there is no segment to train the GNN on, in {len(graphs)} chips.")
    _standardise(module, [graphs[i] for i in train])
    loop = _GnnTraining(module, options, validates=bool(validation))
    return fit(
        loop,
        module,
        train=_loader(graphs, SeededRows(train, seed), options.batch_size),
        validation=_loader(graphs, validation or train, options.batch_size),
        options=options,
        hardware=hardware,
        seed=seed,
        folder=folder,
        on_epoch=on_epoch,
        progress=progress,
    )


def soft_cross_entropies(logits: Tensor, target: Tensor) -> Tensor:
    """Return - sum(target * log softmax(logits)) of each row (n,), both (n, C)."""
    return -(target * functional.log_softmax(logits.float(), dim=1)).sum(1)


def _standardise(module: GnnModule, graphs: Sequence[GraphSample]) -> None:
    nodes = np.concatenate([graph.x[graph.train_mask] for graph in graphs]).astype(np.float64)
    module.set_scale(nodes.mean(0), nodes.std(0))
    attributes = [graph.own_attributes for graph in graphs if graph.own_attributes is not None]
    edges = np.concatenate(attributes).astype(np.float64) if attributes else np.zeros((0, 0))
    if len(edges):
        module.set_edge_scale(edges.mean(0), edges.std(0))


def _loader(
    graphs: Sequence[GraphSample], order: Sequence[int] | Sampler[int], batch_size: int
) -> DataLoader[GraphSample]:
    sampler = order if isinstance(order, Sampler) else SeededRows(list(order), None)
    return DataLoader(graphs, batch_size, sampler=sampler, collate_fn=disjoint_union)  # type: ignore[arg-type]  # a sequence is a map-style dataset


class _GnnTraining(DistributedModule):
    """The step that Lightning repeats."""

    def __init__(self, module: GnnModule, options: TrainingOptions, *, validates: bool) -> None:
        super().__init__()
        self.module = module
        self.options = options
        self.validates = validates

    def training_step(self, batch: GraphUnion, batch_index: int) -> Tensor:
        """Return the loss of one batch."""
        return self._loss(batch, batch.train_mask, "train_loss")

    def validation_step(self, batch: GraphUnion, batch_index: int) -> None:
        """Log the loss of the nodes that validate."""
        self._loss(batch, batch.val_mask if self.validates else batch.train_mask, "val_loss")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW."""
        return adamw(self.module, self.options)

    def _loss(self, batch: GraphUnion, mask: Tensor, name: str) -> Tensor:
        logits = self.module(batch.x, batch.edge_index, batch.edge_attributes)[-1]
        entropies = soft_cross_entropies(logits[mask], batch.target[mask])
        nodes = total(entropies.new_tensor(float(len(entropies))))
        loss = total(entropies.sum()) / nodes.clamp(min=1)
        self.log(name, loss, on_step=False, on_epoch=True, batch_size=int(nodes), sync_dist=True)
        return loss

    def nothing(self, batch: GraphUnion) -> GraphUnion:
        """Return the graphs with no node that trains or validates."""
        nowhere = torch.zeros_like(batch.train_mask)
        return batch._replace(train_mask=nowhere, val_mask=nowhere)
