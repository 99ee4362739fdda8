"""Parley's own API: gRPC, REST and WebSocket."""
