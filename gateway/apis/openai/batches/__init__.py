"""OpenAI's Files and Batches APIs, on top of background jobs."""
