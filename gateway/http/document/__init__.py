"""The OpenAPI document: the phrases it is written in, schemas from protos, the page that shows it."""
