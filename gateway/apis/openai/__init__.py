"""OpenAI's audio API, REST and Realtime."""
