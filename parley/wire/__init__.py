"""What processes say to each other: metadata, errors as gRPC status, keys, certificates."""
