"""``python -m rsgraph`` is ``rsgraph``."""

from rsgraph.cli import main

if __name__ == "__main__":
    main()
