"""Panels beside the maps: classes, search, suggestions, history, export and import."""
