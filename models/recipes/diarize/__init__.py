"""How the embedded speaker model is made."""
