"""What people and programs see: lines, tables, bars, JSON. Must not know where it comes from."""
