"""Who is let in and where they go. It moves bytes; what they mean is the services' affair."""
