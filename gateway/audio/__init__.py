"""Sound on its way in: containers opened, formats checked. Bytes, no numpy."""
