"""Exporters, one file each, and the verb ``export``."""
