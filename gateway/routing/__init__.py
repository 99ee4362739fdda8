"""From an alias to one exact version of a model."""
