"""Processes of Parley on this machine: started, watched, ended. Must not know commands."""
