"""Executors of blocks of work, one per file, all with the interface of ``rsgraph.protocols.Executor``."""
