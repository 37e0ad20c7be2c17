"""Numbers with their nouns: one chip, two chips. No Qt in here."""

from __future__ import annotations


def counted(n: int, noun: str) -> str:
    """Return a number with its noun.

    Parameters
    ----------
    n
        How many.
    noun
        Of one, such as ``chip``; a noun of two words counts by its last, such as ``selected segment``.

    >>> counted(1, "chip")
    '1 chip'
    >>> counted(1200, "segment")
    '1,200 segments'
    """
    return f"{n:,} {noun}{'' if n == 1 else 'es' if noun.endswith('s') else 's'}"
