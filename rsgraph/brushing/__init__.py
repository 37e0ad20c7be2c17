"""Brushing: points under a shape, maps of points and chips as images, search by example."""
