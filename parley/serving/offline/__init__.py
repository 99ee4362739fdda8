"""Models looked at in a process of their own, for commands: nobody is served here."""
