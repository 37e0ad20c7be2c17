"""``python -m experiments.neighbours [PATH ...]``: see experiments/README.md."""

import sys

from experiments.sweeps import main

if __name__ == "__main__":
    main("neighbours", sys.argv[1:])
