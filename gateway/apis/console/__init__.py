"""The pages that people open in a browser. They use the same APIs as every other client."""
