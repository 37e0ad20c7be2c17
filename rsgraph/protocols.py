"""Base classes of the eleven kinds of component, and the interfaces that are handed to them.

A component subclasses the base class of its kind, and so does one that comes from another package. Abstract methods
must be written; attributes and methods with a body are optional, and say what holds without them. A class that lacks
a method is refused when it is built (``check_component``).

Constructors take the options (and check them, raising ConfigError); methods take data. Components hold no
state besides their options: what is learnt travels as arrays or as a ``torch.nn.Module``, so that it can be
stored as npz or safetensors.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from rsgraph.errors import ConfigError

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray
    from pandas import DataFrame
    from torch import nn

    from rsgraph.types import (
        Distance,
        Doubles,
        Floats,
        LabelClass,
        Mask,
        Projection,
        RegionGraph,
        Scene,
        ScenePart,
        Segmentation,
        Similarity,
    )
    from rsgraph.workspace import Workspace

MOST_LAYERS = 32
"""Of a network. Configs come from strangers, too: one that asks for a million must not fill the memory."""

WIDEST = 4096
"""Features of a layer of a network."""


def refuse_above(most: int, **given: int) -> None:
    """Raise ConfigError for the first parameter of a component that is larger than it may be."""
    for name, value in given.items():
        if value > most:
            raise ConfigError(f"`{name}` must be at most {most:,}. Got {value:,} instead.")


Progress = Callable[[int, int], None]
"""Called as progress(done, total) by anything that may take over two seconds."""

Arrays: TypeAlias = "dict[str, NDArray[Any]]"
"""What a block of work results in."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@runtime_checkable
class Blocks(Protocol):
    """Runs one function over many blocks of work: here, in other processes or on a cluster.

    Components that have much to do are given one and never know where it runs; ``rsgraph.blocks.ResumableBlocks()``
    is the one for scripts. In a run, finished blocks are kept until the stage is done: an interruption loses at
    most those being computed.
    """

    def map(
        self,
        name: str,
        task: Callable[[Item], Arrays],
        items: Sequence[Item],
        progress: Progress | None = None,
    ) -> Iterator[Arrays]:
        """Yield ``task(item)`` for all items in their order.

        ``name`` names the phase, once per stage. ``task`` is picklable (a frozen dataclass with ``__call__``) and
        depends on nothing but its item; items are small and picklable, their number and order the same in every run.
        """
        ...


class Workers(ABC):
    """An executor at work: a context manager that ends its workers.

    ``own_devices``: whether workers compute on GPUs of their own; else a GPU is left to this process.
    """

    own_devices: bool = False

    @abstractmethod
    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items; blocks whose workers die are done again."""

    def release(self) -> None:  # noqa: B027 # workers that keep nothing have nothing to let go of
        """Let go of what workers hold in memory (networks, nodes), where they are this machine's: a stage is done."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Component(ABC):  # noqa: B024 # the methods are those of the kinds
    """What all kinds have in common.

    ``revision``: its author raises it by one when what the component makes of the same options and data changes;
    then, and only then, workspaces make it anew. ``as_before``: of options that were added later, the value that
    means "as before"; older workspaces go on with it, and what they hold stays valid.
    """

    revision: ClassVar[int] = 1
    as_before: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def revision_with(cls, parameters: Mapping[str, Any]) -> int:
        """Return the revision that counts where these parameters are chosen."""
        return cls.revision


class Executor(Component):
    """Says where blocks of work run."""

    @abstractmethod
    def open(self, shared: Sequence[Path] = ()) -> Workers:
        """Make workers ready for a run whose files are ``shared``: all workers must see them under these paths.

        Raises NotInstalled, ConfigError or WorkerLost, with one clear sentence.
        """


class Reader(Component):
    """Opens what the user names.

    ``needs_path``: whether the user must name something. A reader that makes its scenes needs none; ``open`` is then
    called with None.
    """

    needs_path: bool = True

    @abstractmethod
    def accepts(self, path: Path) -> bool:
        """Tell, by looking only at names and headers, whether this reader can open ``path``."""

    @abstractmethod
    def open(self, path: Path) -> Sequence[Scene]:
        """Return the scenes, not yet read: one for a raster, thousands for a collection of chips.

        Raises NotReadable or NotUsable, with one clear sentence.
        """


class Target(Component):
    """Learns soft classes from a sample of pixels. They teach the encoder and the GNN.

    ``n_clusters``: number of classes C. ``sample_every``: of how many valid pixels one is in the sample; small scenes
    are sampled more densely. ``embeddings``: what a run makes with it, the mean memberships of segments. ``fitted``:
    names of the arrays that ``fit`` returns and ``predict`` needs.
    """

    n_clusters: int = 8
    sample_every: int = 56
    embeddings: ClassVar[tuple[str, ...]] = ("target",)
    fitted: ClassVar[tuple[str, ...]] = ("centres",)

    @abstractmethod
    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Fit to pixels (n, bands); return the model as named arrays (always with ``centres`` (C, bands))."""

    @abstractmethod
    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return memberships (n, C) in [0, 1] that sum to 1, for pixels (n, bands) without NaN."""


Learnt = Literal["memberships", "bands"]
"""What an encoder learns: the soft classes of pixels, or to give the bands back."""


class Encoder(Component):
    """Turns bands into activation maps.

    ``trainable``
        Whether its network is trained before it is applied.
    ``stride``
        Rows and columns of its network's input must be multiples of this; chips are padded.
    ``learns``
        ``memberships``: the second output of its network are logits of the soft classes. ``bands``: that output is
        the reconstruction of the standardised bands.
    ``makes_latents``
        Whether its network has ``latent(x)``, which returns one vector per chip (batch, L).
    ``embeddings``
        What a run makes with it: the means of its maps over segments.
    """

    trainable: bool = True
    stride: int = 1
    learns: Learnt = "memberships"
    makes_latents: bool = False
    embeddings: ClassVar[tuple[str, ...]] = ("encoder",)

    @abstractmethod
    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, seeded by torch's generator.

        Its ``forward(x)`` takes standardised bands (batch, bands, rows, columns), rows and columns multiples
        of ``stride``, and returns ``(activations (batch, D, rows, columns), logits (batch, C, rows,
        columns))``; logits may be None where ``trainable`` is False.
        """


Seams = Literal["chip", "stitch"]
"""What segments do at the borders of chips: end there, or not."""


_STITCHING = 1
"""Raised by one when stitching makes something else of the same scene and options; 0 was the first way."""


class Segmenter(Component):
    """Cuts one chip into superpixels.

    ``seams``
        ``chip``: segments end at the borders of chips. ``stitch``: chips are cut with overlap and joined.
    ``n_segments``
        About how many segments a whole chip has; 0: it does not say. Stitching needs to know it, since it says how
        large segments are.
    ``overlap``
        By how many diameters of a mean segment chips overlap where they are stitched: a little more than one where
        segments are of one size, more where they are not.
    ``embeddings``
        What a run makes with it: the mean reflectances of segments.
    """

    seams: Seams = "chip"
    n_segments: int = 0
    overlap: ClassVar[float] = 2.0
    embeddings: ClassVar[tuple[str, ...]] = ("bands",)

    @classmethod
    def revision_with(cls, parameters: Mapping[str, Any]) -> int:
        """Return the revision; where chips are stitched, also how often stitching came to make something else."""
        stitched = parameters.get("seams", cls.seams) == "stitch"
        return cls.revision + (_STITCHING if stitched else 0)

    @abstractmethod
    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """Segment (bands, rows, columns); counts such as N refer to a whole chip of that many pixels."""


class Graph(Component):
    """Connects segments.

    ``margin``: pixels around a chip within which all segments lie that its own ones may be connected with.
    """

    margin: int = 64

    @abstractmethod
    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        """Connect n segments with centroids (n, 2) as (row, column)."""

    def connect_within(self, part: ScenePart) -> RegionGraph:
        """Connect a chip's own segments with each other and with those beyond its borders.

        Nodes are the numbers of segments in their scene. Only edges that own segments receive count, others are
        dropped. As written here, it connects what lies within ``margin`` pixels.
        """
        segmentation, centroids, numbers = part.around(self.margin)
        found = self.connect(segmentation, centroids)
        return replace(found, edge_index=numbers[found.edge_index])


Pairs: TypeAlias = "NDArray[int64]"
"""Pairs of segments (2, P) that share a pixel side, as rows of the table of segments; each pair once."""


class Metric(Component):
    """Says which differences between segments count, so that a distance means something.

    It is fitted in closed form, without labels, to standardised features, and applied before distances are taken:
    layers made with it are compared by euclidean distance.
    """

    @abstractmethod
    def fit(self, features: Doubles, pairs: Pairs) -> Doubles:
        """Return the matrix (D, D) so that distances are those of ``features @ matrix``.

        ``features`` (n, D), standardised; ``pairs`` of them that touch: a seeded sample where there are many.
        """


Nodes = Literal["encoder", "bands"]
"""What a GNN reads of each segment: the mean activations, or the mean reflectances."""


class Gnn(Component):
    """Gives each node an embedding that knows its surroundings.

    ``n_layers``
        Number of layers, which is how many outputs its network returns, and embeddings a run makes. 0: there is no
        network.
    ``trainable``
        Whether its network is trained; its last output are then the logits of the soft classes. Otherwise the network
        has ``fit(x (n, F), edge_index (2, E))``, which sets its buffers to what it finds in a scene.
    ``reads``
        The embedding that its x are: ``encoder``, or ``bands``, the mean reflectances of segments.
    """

    n_layers: int = 1
    trainable: bool = True
    reads: Nodes = "encoder"

    @property
    def embeddings(self) -> tuple[str, ...]:
        """Names of the embeddings that a run makes with it, one a layer: ``gnn1``, ``gnn2`` ..."""
        return tuple(f"gnn{number + 1}" for number in range(self.n_layers))

    @abstractmethod
    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module | None:
        """Build the network, or None for no GNN.

        Its ``forward(x (n, F), edge_index (2, E), edge_attributes (E, A) | None)`` returns the list of all
        layers' outputs; the last are the logits (n, C) where it is trained.
        """


class Matcher(Component):
    """Compares whole chips by their nodes.

    ``measure``: the matcher whose similarity this one computes in another way, such as ``hungarian``.
    """

    measure: str | None = None

    @abstractmethod
    def match(self, nodes: Sequence[Floats], *, progress: Progress | None = None) -> Similarity:
        """Match chips given as (n_i, D) each."""

    def match_blocks(
        self,
        nodes: Sequence[Floats],
        *,
        blocks: Blocks,
        on_device: Blocks,
        known: Similarity | None = None,
        progress: Progress | None = None,
    ) -> Similarity:
        """Match chips in a run: with work in blocks that outlive an interruption. Without them, ``match``.

        Parameters
        ----------
        nodes, progress
            As in ``match``.
        blocks
            Runs blocks of work.
        on_device
            Runs those that a GPU computes.
        known
            The result for the first chips, where chips were added; it may be made use of.
        """
        return self.match(nodes, progress=progress)

    def with_matrix(self) -> Matcher:
        """Return a matcher of the same measure that gives the matrix of all pairs, where this one may give none."""
        return self


Accelerator = Literal["auto", "cpu", "cuda", "gpu", "mps"]
"""What computes, in Lightning's words; ``auto``: whatever is there."""


class Projector(Component):
    """Lays vectors, distances or neighbour lists out in 2-D.

    One that learns a map from a sample, on which any number of vectors is then placed block by block, says so by
    ``in_parts`` and has ``fit`` and ``transform``.

    ``accelerator``: what it computes on. ``touching``: the weight that it gives to touching rows; above 0 it wants to
    know which do (``with_pairs``).
    """

    accelerator: Accelerator = "cpu"
    touching: float = 0.0

    @abstractmethod
    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project (n, D)."""

    @abstractmethod
    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project from a (n, n) matrix of distances."""

    @abstractmethod
    def project_neighbours(
        self, neighbours: NDArray[Any], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Project n points of which only the nearest others are known: (n, k) numbers, themselves not among them."""

    def with_accelerator(self, accelerator: Accelerator) -> Projector:
        """Return this projector, computing on the trainer's accelerator where its own option leaves that open."""
        return self

    def with_metric(self, metric: Distance) -> Projector:
        """Return this projector, comparing vectors by ``metric``, where it compares them by any.

        A learnt layer says by which distance it means something; the projector's own option holds for all others.
        """
        return self

    def with_pairs(self, pairs: NDArray[int64]) -> Projector:
        """Return this projector, knowing which of the rows that ``project`` or ``fit`` will be given touch.

        ``pairs`` (2, P) are numbers of rows, each pair once. Only asked of one whose ``touching`` is above 0. They
        stay with what is returned, which is let go of once the map is learnt: ``transform`` needs none.
        """
        return self

    def in_parts(self, n: int) -> bool:
        """Tell whether ``project`` of n vectors is ``fit`` and ``transform``."""
        return False

    def fit(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> dict[str, NDArray[Any]]:
        """Learn from vectors (n, D); return ``Projection.model``, named arrays."""
        raise NotImplementedError(f"{type(self).__name__} works in parts, so it must have `fit`")

    def prepared(self, model: Mapping[str, NDArray[Any]], *, seed: int) -> Mapping[str, NDArray[Any]]:
        """Return a model with what ``transform`` finds out of it, so that many blocks find it once; else as it is."""
        return model

    def transform(
        self,
        vectors: Floats,
        model: Mapping[str, NDArray[Any]],
        *,
        seed: int,
        first: int | None = None,
        progress: Progress | None = None,
    ) -> Floats:
        """Place vectors (m, D); return points (m, 2).

        ``first`` is the number of the first one among those that the model was fitted to; None: they are new.
        """
        raise NotImplementedError(f"{type(self).__name__} works in parts, so it must have `transform`")


@dataclass(frozen=True, eq=False)
class Export:
    """What leaves a workspace: all that an exporter is handed. Nothing else of the segments and labels may leave.

    Parameters
    ----------
    workspace
        Its tables, embeddings and rasters; they hold all segments.
    labels
        The labels that leave, as ``Journal.labels()`` gives them: segment_id, label, origin, confidence, author,
        time, one row per labelled segment.
    segment_ids
        (n,) int64, in the order of ``segments.parquet``: the segments that leave, labelled or not.
    classes
        All classes of the workspace, with codes and colours, whether they are in use or not.
    scenes
        Opens the scenes, by name, for exporters that need their pixels.

        Raises NotReadable or WorkspaceMismatch where they are not what the workspace was made from.
    origins
        The origins of labels that the user restricted the export to; None: to none.
    selected
        How many segments the user selected; None: no selection.
    author
        Who exports, for the provenance; None: the user who is logged in.
    """

    workspace: Workspace
    labels: DataFrame
    segment_ids: NDArray[int64]
    classes: Sequence[LabelClass]
    scenes: Callable[[], Mapping[str, Scene]]
    origins: tuple[str, ...] | None = None
    selected: int | None = None
    author: str | None = None


class Exporter(Component):
    """Writes something that leaves the workspace."""

    @abstractmethod
    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write into ``folder`` (each file to a temporary name, then renamed); return what was written."""


BASES: Mapping[str, type] = {
    "reader": Reader,
    "target": Target,
    "encoder": Encoder,
    "segmenter": Segmenter,
    "graph": Graph,
    "metric": Metric,
    "gnn": Gnn,
    "matcher": Matcher,
    "projector": Projector,
    "executor": Executor,
    "exporter": Exporter,
}
"""Kind -> base class."""


def check_component(kind: str, component: type, name: str) -> None:
    """Check that a class is a component of its kind.

    Parameters
    ----------
    kind
        One of ``BASES``.
    component
        The class.
    name
        By which the user knows it.

    Raises
    ------
    ConfigError
        It is no subclass of the base class, lacks one of its methods, or is an exporter of the workspace, as they
        were before ``Export``.
    """
    base, named = BASES[kind], f"{kind} '{name}' ({component.__module__}:{component.__qualname__})"
    if kind == "exporter" and _takes_workspace(component):
        raise ConfigError(
            f"{named} has the old signature: instead of the workspace, `export` now takes an `Export` with the "
            "labels and segments that are to leave; write `export(self, export, folder, *, progress=None)` and "
            "read export.workspace, export.labels and export.segment_ids"
        )
    if not issubclass(component, base):
        raise ConfigError(
            f"{named} must be a subclass of rsgraph.protocols.{base.__name__}, which holds what is optional: write "
            f"`class {component.__name__}({base.__name__})`"
        )
    missing = sorted(vars(component).get("__abstractmethods__", ()))
    if missing:
        raise ConfigError(f"{named} lacks `{'`, `'.join(missing)}`, which every {kind} must have")


def _takes_workspace(exporter: Any) -> bool:
    return "export" in dir(exporter) and "workspace" in inspect.signature(exporter.export).parameters
