"""DeepFilterNet3 as one streaming graph: its three published graphs joined, with their states and transforms inside."""
