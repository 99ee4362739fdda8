"""The denoise recipe: a causal enhancer of few, big matrix products, because those are cheap to serve."""
