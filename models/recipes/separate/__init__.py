"""How the models that separate voices from everything else are made."""
