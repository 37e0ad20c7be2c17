"""``python -m experiments.superpixels [PATH ...]``: see experiments/README.md."""

import sys

from experiments.sweeps import main

if __name__ == "__main__":
    main("superpixels", sys.argv[1:])
