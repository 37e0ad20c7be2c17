"""``python -m experiments.graph_networks [PATH ...]``: see experiments/README.md."""

import sys

from experiments.sweeps import main

if __name__ == "__main__":
    main("graph_networks", sys.argv[1:])
