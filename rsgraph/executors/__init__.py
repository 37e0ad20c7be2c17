"""Where blocks of work run: one executor per file, all with the interface of ``rsgraph.protocols.Executor``."""
