"""The services behind the gateway: found, watched, called, tried again. Must not know a pipeline."""
