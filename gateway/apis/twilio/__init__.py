"""Twilio's Media Streams: `/v1/twilio`, a WebSocket that Twilio opens for a telephone call."""
