"""What transcripts and sound are to be without."""
