"""Deepgram's API: `/v1/listen`, live over a WebSocket and for whole recordings over HTTP."""
