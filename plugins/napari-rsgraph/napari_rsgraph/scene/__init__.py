"""The scene in napari: its map, tools, places, camera, grid and bar."""
