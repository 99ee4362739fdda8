"""Telephone calls: heard track by track, told to whoever listens and to a webhook. Must not know who carries them."""
