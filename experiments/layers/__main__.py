"""``python -m experiments.layers [PATH ...]``: see experiments/README.md."""

import sys

from experiments.sweeps import main

if __name__ == "__main__":
    main("layers", sys.argv[1:])
