"""Who is heard: corpora, their voices changed and mixed, conversations made of them, trials."""
