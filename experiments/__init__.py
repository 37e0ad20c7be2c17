"""Experiments: one folder per published table or claim, and the benchmarks."""
