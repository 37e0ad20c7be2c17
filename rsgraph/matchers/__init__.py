"""Chip-to-chip similarity."""
