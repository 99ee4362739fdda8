"""HTTP itself: requests read, answers streamed, clients who are slow or gone. Must not know an API."""
