"""Translation by a chat model that runs elsewhere: what it is asked, what is believed, what is done where it fails."""
