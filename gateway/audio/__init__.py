"""Audio as callers send it: containers, headers, formats. Bytes, no numpy."""
