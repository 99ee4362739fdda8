"""What operators see of the gateway. Must not know an API."""
