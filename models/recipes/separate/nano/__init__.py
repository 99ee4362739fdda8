"""separate-nano: a small net of ours that takes the voice out of music while it is still being said."""
