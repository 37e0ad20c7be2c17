"""The smallest component of every kind: one file each, nothing optional in it."""
