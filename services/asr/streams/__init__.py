"""The memory of one stream: live, of a recording, of several channels. Must not know the network."""
