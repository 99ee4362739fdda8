"""Versions made of other files or other versions."""
