"""Text in, text of another language out."""
