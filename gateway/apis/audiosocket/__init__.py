"""AudioSocket, by which Asterisk hands on the sound of a call over TCP."""
