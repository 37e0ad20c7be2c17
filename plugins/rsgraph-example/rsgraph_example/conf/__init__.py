"""Configs of rsgraph-example: a package, so that Hydra finds it as pkg://rsgraph_example.conf."""
