"""The presence of this file lets pytest put this folder on the path: the unit tests need no installation."""
