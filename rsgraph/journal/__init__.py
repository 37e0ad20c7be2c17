"""The label journal: events, their log, the labels that follow from them, storage and recovery."""
