"""Models that ship with Parley, and the recipes that made them."""
