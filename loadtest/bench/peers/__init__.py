"""Speech servers of others beside Parley, on the same weights and cores: `make bench-peers`."""
