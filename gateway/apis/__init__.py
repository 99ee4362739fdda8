"""The contracts that clients speak: ours and those of others. No decisions in them."""
