"""Readers, chips, the synthetic scene and writers."""
