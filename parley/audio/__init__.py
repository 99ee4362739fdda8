"""Sound: decoded, resampled, cut into windows, written to files."""
