"""Here so that pytest puts this folder on the path: tests need no installation."""
