"""Makes sound louder."""
