"""One folder a stage; they know neither each other nor the gateway."""
