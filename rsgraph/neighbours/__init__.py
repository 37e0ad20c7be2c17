"""Nearest-neighbour search for all that need one."""
