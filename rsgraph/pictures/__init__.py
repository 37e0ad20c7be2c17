"""The pictures of a workspace: arrays in, PNG files out."""
