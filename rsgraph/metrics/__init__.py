"""Metrics: which differences between vectors count, and the closed-form layers that they are fitted to."""
