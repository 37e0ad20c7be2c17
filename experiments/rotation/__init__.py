"""Rotation invariance of the pipeline and of the method that it improves on; figure 4 of the paper repeated."""
