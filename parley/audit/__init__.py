"""Who asked for what, and when: records that hang together, so that none can be changed or taken out unnoticed."""
