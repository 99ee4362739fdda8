"""What runs a model, and what a model's folder says. Must not know a stage."""
