"""Exact node matching: the maximum-weight assignment between the nodes of two chips."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.optimize import linear_sum_assignment

from rsgraph.matchers.neighbours import as_similarity, check_chips, check_count, compare_pairs, unit_rows
from rsgraph.protocols import Progress
from rsgraph.types import Floats, Similarity


def matched_cosine(few: Floats, many: Floats) -> float:
    r"""Mean cosine over the best one-to-one assignment of nodes.

    .. math:: s = \frac{1}{n} \max_{\pi} \sum_{i=1}^{n} \langle x_i, y_{\pi(i)} \rangle

    over all injections :math:`\pi` of the n nodes of one chip into the m >= n nodes of the other.

    Parameters
    ----------
    few, many
        Unit rows (n, D) and (m, D) float32, 1 <= n <= m. Rows of zeros have cosine 0 with everything.

    Returns
    -------
    similarity
        In [-1, 1].
    """
    cosine = few @ many.T
    rows, columns = linear_sum_assignment(cosine, maximize=True)
    mean = float(cosine[rows, columns].mean(dtype="float64"))
    return min(1.0, max(-1.0, mean))


class Hungarian:
    """Mean cosine of nodes paired one to one, exactly (Hungarian assignment); the paper's similarity.

    Every pair of chips is one linear assignment problem, solved exactly by scipy's shortest augmenting path
    method [1]_; the matched cosines are averaged (sections 2.7 and 2.8 of the paper). Positions of nodes play
    no part, so that a rotated chip is as similar as the chip itself.

    Where the paper is silent: chips of n and m nodes are compared by the min(n, m) pairs of the best
    assignment, and the surplus nodes of the larger chip do not count; a node of zeros has cosine 0 with
    everything; a chip without nodes has similarity 0 with every other chip. The diagonal of the matrix is 1
    by definition.

    Cost: P (P - 1) / 2 problems of O(n^2 m) each, about 50 ms for two chips of 500 nodes. They are solved one
    after the other: scipy holds Python's lock while it solves, and two threads were measured no faster than
    one.

    Parameters
    ----------
    k
        Neighbours kept per chip, at most P - 1. The full matrix is kept too, so k is only about what is
        listed; 15 is UMAP's usual neighbourhood.

    Raises
    ------
    ConfigError
        k is not a whole number of at least 1.

    References
    ----------
    .. [1] D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on
       Aerospace and Electronic Systems 52(4), 2016. doi:10.1109/TAES.2016.140952
    """

    def __init__(self, k: int = 15) -> None:
        self.k = check_count("k", k)

    def match(self, nodes: Sequence[Floats], *, progress: Progress | None = None) -> Similarity:
        """Match P chips given as (n_i, D) each.

        Parameters
        ----------
        nodes
            One float32 array per chip; D is the same for all.
        progress
            Called with the number of pairs done and in all.

        Returns
        -------
        similarity
            With the full matrix and errors of 0.

        Raises
        ------
        NotUsable
            Shapes do not fit or values are not finite.
        """
        units = [unit_rows(chip) for chip in check_chips(nodes)]
        matrix, error, solved = compare_pairs(units, lambda a, b: (matched_cosine(a, b), 0.0), progress)
        return as_similarity(matrix, error, self.k, solved)
