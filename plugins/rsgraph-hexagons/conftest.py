"""Here so that pytest puts this folder on the path: the unit tests need no installation."""
