"""Foreign shapes <-> ours, one file each."""
