"""How anything is served: what every Parley process is built from."""
