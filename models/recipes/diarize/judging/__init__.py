"""Who spoke when by the embeddings, and how wrong that is."""
