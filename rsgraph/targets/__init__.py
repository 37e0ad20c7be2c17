"""Soft memberships per pixel."""
