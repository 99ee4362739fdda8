"""Models that find names of people in a text instead of translating it. Must not know streams of clients."""
