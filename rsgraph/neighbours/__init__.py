"""Nearest-neighbour search among rows of vectors.

nearest
    The k nearest rows of each row by comparing all pairs: exact in float64, equals in the order of their rows. For
    measures, and up to some ten thousand rows.
cells
    Rows in cells, to be asked for their k nearest again and again: exact in float32. For maps of many rows, and for
    rows that are placed on a map later.
approximate
    19 of 20 nearest rows of each of a million rows. For graphs that labels spread on.

Examples
--------
    The rows most like a few that were picked, in one pass over a memory map. For search by example.
"""
