"""Tells voices from everything else."""
