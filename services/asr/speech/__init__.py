"""Where somebody speaks, and where sound is cut by that. Must not know words."""
