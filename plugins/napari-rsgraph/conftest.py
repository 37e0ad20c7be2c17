"""Here so that pytest puts this folder on the path: the tests need no installation."""
