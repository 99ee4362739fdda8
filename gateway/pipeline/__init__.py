"""Several stages in one stream: branched, merged, kept for a replay, failed over. Must not know an API."""
