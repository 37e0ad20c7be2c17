"""The state of a labelling session: selection, labels, maps, search, suggestions. Neither Qt nor napari."""
