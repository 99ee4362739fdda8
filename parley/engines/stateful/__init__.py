"""Graphs that remember a stream: its memory goes in with the samples and comes out with them, many streams in a run."""
