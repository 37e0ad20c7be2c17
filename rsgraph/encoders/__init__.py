"""Per-pixel activation maps."""
