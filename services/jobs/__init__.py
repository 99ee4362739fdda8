"""The worker of background jobs: takes recordings from the queue and sends them through the gateway like any client."""
