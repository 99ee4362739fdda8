"""Load and its judges: what Parley costs, and what it promises. Knows the wire and the client, nothing behind them."""
