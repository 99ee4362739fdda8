"""Generated from protos/compat by `make protos`; only this file is written by hand."""
