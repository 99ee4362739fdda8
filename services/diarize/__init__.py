"""Sound in, who spoke when out."""
