"""2-D points."""
