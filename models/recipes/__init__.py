"""How each embedded model was made: data -> train -> export -> evaluate, rerunnable and resumable."""
