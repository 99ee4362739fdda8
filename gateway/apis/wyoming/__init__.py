"""Wyoming, the protocol that Home Assistant speaks to speech services: over TCP, without keys or TLS."""
