"""rsgraph: label an unlabelled Sentinel-2 scene in minutes."""

__version__ = "0.1.0"
