"""From a version that is tried on some streams to all of them, or back. Must not know an API."""
