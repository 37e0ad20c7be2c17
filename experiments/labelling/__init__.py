"""Strokes that an expert needs on the map of each representation, against real references."""
