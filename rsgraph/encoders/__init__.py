"""Encoders: activation maps per pixel."""
