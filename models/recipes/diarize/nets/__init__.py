"""The nets, what trains them, and how they are written and run as files."""
