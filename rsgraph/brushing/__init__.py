"""Brushing: which points lie under a shape, how maps of points and chips are drawn, and search by example."""
