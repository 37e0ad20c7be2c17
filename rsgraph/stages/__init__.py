"""The stages of a run, one file each, in the order of the data; and what they share."""
