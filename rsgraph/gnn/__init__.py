"""Node embeddings, layer by layer."""
