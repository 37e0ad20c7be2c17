"""Configs of rsgraph-hexagons: a package, so that Hydra finds it as pkg://rsgraph_hexagons.conf."""
