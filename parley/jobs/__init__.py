"""Background jobs as they are kept: rows in a database, files in a folder. The gateway and the workers share them."""
