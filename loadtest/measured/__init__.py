"""Recordings, their words, and what one call writes down."""
