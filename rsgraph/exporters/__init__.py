"""Exporters of workspaces, one format per file, and the verb export."""
