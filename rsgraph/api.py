"""The public Python API: the names that ``import rsgraph`` offers to scripts and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph import workspace
from rsgraph.components import build
from rsgraph.errors import NotThere

if TYPE_CHECKING:
    from rsgraph.journal.journal import Journal
    from rsgraph.matchers.index import ChipIndex
    from rsgraph.protocols import Projector
    from rsgraph.types import Floats

__all__ = ["Workspace", "build"]


class Workspace(workspace.Workspace):
    """A folder of results, and the labels given to its segments.

    Parameters
    ----------
    folder
        Its path.
    links
        Whether symbolic links in it that lead out of it are the user's own, and may be written through.

    Examples
    --------
    >>> workspace = Workspace("workspaces/plymouth")
    >>> with workspace.journal() as journal:
    ...     journal.define("water", colour="#2060c0", key="1")
    ...     journal.assign([1, 2, 3], "water")
    2
    """

    def journal(self, *, read_only: bool = False, author: str | None = None) -> Journal:
        """Open the label journal; as a context manager it is closed in the end.

        Parameters
        ----------
        read_only
            Look only, even while another window labels; empty where nothing has been labelled.
        author
            Who labels; None: the user's name.

        Raises
        ------
        JournalLocked
            Another window or program has it open for writing.
        JournalDamaged
            It is not whole; ``rsgraph.journal.journal.Journal.open`` recovers what can be read.
        NotThere
            The workspace has no segments yet.
        """
        from rsgraph.journal.journal import journal_of

        return journal_of(self, read_only=read_only, author=author)

    def place(self, vectors: Floats) -> Floats:
        """Place vectors on the map of segments, by what the projector learnt (``models/projector.safetensors``).

        Parameters
        ----------
        vectors
            (m, D) of the default layer, as of another workspace that was made by the same model (``model.from``).

        Returns
        -------
        points
            (m, 2) float32.

        Raises
        ------
        NotThere
            The projector learnt nothing: the map of all segments was laid out at once.
        NotUsable
            Not two-dimensional, not finite, or another number of features than the map's.
        WorkspaceError
            The file is damaged.

        Examples
        --------
        >>> points = Workspace("workspaces/june").place(Workspace("workspaces/july").embedding())
        """
        from rsgraph.options import read_choice
        from rsgraph.stages.map_model import read_model
        from rsgraph.stages.project import comparing

        model, config = read_model(self.path("models")), self.config
        if model is None:
            raise NotThere(
                f"{self.folder} holds no models/projector.safetensors: its map was laid out at once, so that nothing "
                "can be added to it; run again with projector=parametric, or with a smaller projector.sample"
            )
        projector: Projector = read_choice("projector", config["projector"]).build()
        projector = comparing(projector, self.compared_by(self.default_layer))
        return projector.transform(vectors, model, seed=int(config["seed"]))

    def chip_index(self, layer: str | None = None) -> ChipIndex:
        """Index the chips for search by one chip: signatures in memory, nodes read from the workspace.

        Parameters
        ----------
        layer
            Embedding to compare by; None: the one that the run matched chips on.

        Raises
        ------
        NotThere
            The workspace has no such embedding.

        Examples
        --------
        >>> index = Workspace("workspaces/plymouth").chip_index()
        >>> found = index.search(index.chip(3), k=15, but=3)
        >>> found.indices, found.similarities, found.gap  # gap 0: proven exact
        """
        from rsgraph.matchers.index import ChipIndex
        from rsgraph.stages.match import chip_nodes

        return ChipIndex(chip_nodes(self, layer or self.default_layer))
