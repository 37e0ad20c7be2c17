"""Matchers: similarity between chips."""
