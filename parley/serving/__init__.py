"""How any model is served: sessions, batches, load, versions, the server. Must not know a stage."""
