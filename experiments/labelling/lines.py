"""Lines of Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def line(parts: Sequence[object]) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(str(part) for part in parts) + " |"


def lines(head: Sequence[object], body: Sequence[Sequence[object]]) -> str:
    """Return a table."""
    return "\n".join([line(head), line(["---"] * len(head)), *(line(each) for each in body), ""])


def number(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """Return a number, or nothing where there is none."""
    return "" if pd.isna(value) else f"{value:{'+' if sign else ''}.{digits}f}"
