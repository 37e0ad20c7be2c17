"""Brush and label chips and segments in napari."""
