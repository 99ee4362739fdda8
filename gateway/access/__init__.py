"""Keys, rate and stream limits, upload memory. Must not know what is asked."""
