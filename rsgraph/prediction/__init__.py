"""Predictions for segments without a label: classification, propagation, and suggestion of what to label next."""
