"""The synthetic scene: a coast, and the reader that offers it."""
