"""Table 1 on EuroSAT: ``python -m experiments.eurosat``."""
