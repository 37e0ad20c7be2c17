"""What is shown, selected, labelled, searched and suggested: neither Qt nor napari."""
