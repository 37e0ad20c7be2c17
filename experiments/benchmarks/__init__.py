"""Benchmarks: one module per measurement, its results in results/, the tables written from them."""
