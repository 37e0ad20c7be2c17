"""Labels and classes that the user brings: vector files, rasters, lists of classes."""
