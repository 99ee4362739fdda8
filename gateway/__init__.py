"""Who is let in and where they go. It moves bytes; what they mean is the services' affair."""

from parley.wire import polling

polling.set_up()
