"""Sound in, cleaner sound out."""
