"""NVIDIA Riva's gRPC API: speech recognition and translation."""
