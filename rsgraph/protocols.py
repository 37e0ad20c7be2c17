"""What each kind of component must offer. Eleven small interfaces; a class fits by having the methods.

Constructors take the options (and check them, raising ConfigError); methods take data. Components hold no
state besides their options: what is learnt travels as arrays or as a ``torch.nn.Module``, so that it can be
stored as npz or safetensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from numpy.typing import NDArray

from rsgraph.types import Floats, Mask, Projection, RegionGraph, Scene, Segmentation, Similarity

if TYPE_CHECKING:
    from torch import Tensor, nn

Progress = Callable[[int, int], None]
"""Called as progress(done, total) by anything that may take over two seconds."""

Arrays = dict[str, NDArray[Any]]
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
        depends on its item alone; items are small and picklable, their number and order the same in every run.
        """
        ...


class Workers(Protocol):
    """An executor at work: a context manager that ends its workers.

    ``own_devices``: whether workers compute on GPUs of their own; else a GPU is left to this process.
    """

    own_devices: bool

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items; blocks whose workers die are done again."""
        ...

    def release(self) -> None:
        """Let go of what workers hold in memory (networks, nodes), where they are this machine's: a stage is done."""
        ...

    def __enter__(self) -> Workers: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Executor(Protocol):
    """Says where blocks of work run."""

    def open(self, shared: Sequence[Path] = ()) -> Workers:
        """Make workers ready for a run whose files are ``shared``: all workers must see them under these paths.

        Raises NotInstalled, ConfigError or WorkerLost, with one clear sentence.
        """
        ...


@runtime_checkable
class Reader(Protocol):
    """Opens what the user names."""

    def accepts(self, path: Path) -> bool:
        """Tell, by looking only at names and headers, whether this reader can open ``path``."""
        ...

    def open(self, path: Path) -> Sequence[Scene]:
        """Return the scenes, not yet read: one for a raster, thousands for a collection of chips.

        Raises NotReadable or NotUsable, with one clear sentence.
        """
        ...


@runtime_checkable
class Target(Protocol):
    """Learns soft classes from a sample of pixels. They teach the encoder and the GNN."""

    n_clusters: int
    sample_every: int

    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Fit to pixels (n, bands); return the model as named arrays (always with ``centres`` (C, bands))."""
        ...

    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return memberships (n, C) in [0, 1] that sum to 1, for pixels (n, bands) without NaN."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """Turns bands into activation maps.

    Two class attributes may say more; without them an encoder learns memberships and makes no latents:

    ``learns = "bands"``
        It learns to give the standardised bands back: the second output of its network is the reconstruction.
    ``makes_latents = True``
        Its network has ``latent(x)``, which returns one vector per chip (batch, L).
    """

    trainable: bool

    def network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the network, seeded by torch's generator.

        Its ``forward(x)`` takes standardised bands (batch, bands, rows, columns), rows and columns multiples
        of ``stride``, and returns ``(activations (batch, D, rows, columns), logits (batch, C, rows,
        columns))``; logits may be None where ``trainable`` is False.
        """
        ...

    @property
    def stride(self) -> int:
        """Rows and columns of the input must be multiples of this."""
        ...


@runtime_checkable
class Segmenter(Protocol):
    """Cuts one chip into superpixels.

    An attribute may say more; without it segments end at the borders of chips:

    ``seams = "stitch"``
        Chips are cut with overlap and joined. Then ``n_segments``, per whole chip, says how large segments are.
    """

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """Segment (bands, rows, columns); counts such as N refer to a whole chip of that many pixels."""
        ...


@runtime_checkable
class Graph(Protocol):
    """Connects the segments of one chip."""

    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        """Connect n segments with centroids (n, 2) as (row, column)."""
        ...


@runtime_checkable
class Gnn(Protocol):
    """Gives each node an embedding that knows its surroundings.

    Two class attributes may say more; without them a GNN is trained and reads the encoder's activations:

    ``trainable = False``
        Nothing is trained. Its network has ``fit(x (n, F), edge_index (2, E))``, which sets its buffers to what it
        finds in a scene, and none of its layers are logits.
    ``reads = "bands"``
        Its x are the mean reflectances of segments.
    """

    n_layers: int

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module | None:
        """Build the network, or None for no GNN.

        Its ``forward(x (n, F), edge_index (2, E), edge_attributes (E, A) | None)`` returns the list of all
        layers' outputs; the last are the logits (n, C).
        """
        ...


@runtime_checkable
class Matcher(Protocol):
    """Compares whole chips by their nodes.

    ``match`` may take two more arguments: ``blocks``, which runs its work in blocks that outlive an interruption, and
    ``known``, the result for the first chips, so that chips can be added.
    """

    def match(self, nodes: Sequence[Floats], *, progress: Progress | None = None) -> Similarity:
        """Match chips given as (n_i, D) each."""
        ...


@runtime_checkable
class Projector(Protocol):
    """Lays vectors, distances or neighbour lists out in 2-D."""

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project (n, D)."""
        ...

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project from a (n, n) matrix of distances."""
        ...

    def project_neighbours(
        self, neighbours: NDArray[Any], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Project n points of which only the nearest others are known: (n, k) numbers, themselves not among them."""
        ...


@runtime_checkable
class Transforms(Protocol):
    """A projector that learns a map from a sample; any number of vectors is then placed on it, block by block."""

    def in_parts(self, n: int) -> bool:
        """Tell whether ``project`` of n vectors is ``fit`` and ``transform``."""
        ...

    def fit(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> dict[str, NDArray[Any]]:
        """Learn from vectors (n, D); return ``Projection.model``, named arrays."""
        ...

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
        ...


@runtime_checkable
class Exporter(Protocol):
    """Writes something that leaves the workspace."""

    def export(self, workspace: Any, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write into ``folder`` (each file to a temporary name, then renamed); return what was written."""
        ...


Lesson = Literal["memberships", "bands"]
"""What an encoder learns: the soft classes of pixels, or to give the bands back."""


def lesson(encoder: object) -> Lesson:
    """Return what an encoder (or its class) learns."""
    return "bands" if getattr(encoder, "learns", "memberships") == "bands" else "memberships"


Nodes = Literal["encoder", "bands"]
"""What a GNN reads of each segment: the mean activations, or the mean reflectances."""


def reads(gnn: object) -> Nodes:
    """Return what a GNN (or its class) reads: the name of an embedding of the workspace."""
    return "bands" if getattr(gnn, "reads", "encoder") == "bands" else "encoder"


Seams = Literal["chip", "stitch"]
"""What segments do at the borders of chips: end there, or not."""


def seams(segmenter: object) -> Seams:
    """Return what the segments of a segmenter do at the borders of chips."""
    return "stitch" if getattr(segmenter, "seams", "chip") == "stitch" else "chip"


def is_trained(gnn: object) -> bool:
    """Tell whether a GNN (or its class) is trained; one that is not is fitted."""
    return bool(getattr(gnn, "trainable", True))


def makes_latents(encoder: object) -> bool:
    """Tell whether an encoder (or its class) makes one vector per chip."""
    return bool(getattr(encoder, "makes_latents", False))


__all__ = [
    "Arrays",
    "Blocks",
    "Encoder",
    "Executor",
    "Exporter",
    "Gnn",
    "Graph",
    "Item",
    "Lesson",
    "Matcher",
    "Nodes",
    "Progress",
    "Projector",
    "Reader",
    "Result",
    "Seams",
    "Segmenter",
    "Target",
    "Tensor",
    "Transforms",
    "Workers",
]
