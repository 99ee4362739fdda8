"""Who may come in, and how many at a time. Must not know what they say."""
