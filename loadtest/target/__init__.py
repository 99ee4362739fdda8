"""What is measured: processes, ports, and the machine under them."""
