"""Everybody who calls: Locust's users, one voice an API, paced as people speak."""
