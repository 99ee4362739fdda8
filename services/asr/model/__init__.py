"""What a model is shown of an utterance, how it is prompted, and what is made of its answer. Must not know streams."""
