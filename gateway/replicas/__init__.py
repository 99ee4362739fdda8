"""The services behind the gateway: resolved, health-checked, called, retried. Must not know a pipeline."""
