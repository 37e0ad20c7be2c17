"""Segmenters: superpixels and other segments of chips."""
