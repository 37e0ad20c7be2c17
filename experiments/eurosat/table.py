"""Write ``table.md`` from the committed CSVs: ``python -m experiments.eurosat.table``."""


def main() -> None:
    """Write the table."""
