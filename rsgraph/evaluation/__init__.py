"""How good an embedding and its maps are: the measures of the paper, retrieval, structure, and a simulated expert."""
