"""Spleeter's two stems as one graph: both published nets, and the mask that they make together."""
