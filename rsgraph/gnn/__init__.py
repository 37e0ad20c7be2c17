"""Graph neural networks: embeddings of nodes, layer by layer."""
