"""Region graphs and the features of their nodes."""
