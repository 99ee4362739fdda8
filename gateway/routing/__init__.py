"""From an alias to one exact version of a model, and to an open stream of it."""
