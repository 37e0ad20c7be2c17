"""Pure measures of embeddings and maps: the paper's, retrieval, structure, and a simulated expert."""
