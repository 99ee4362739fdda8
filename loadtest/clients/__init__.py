"""The load: Locust's users and a client for each API, paced as people speak."""
