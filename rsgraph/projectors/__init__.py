"""Projectors: 2-D maps of vectors or of distances."""
