"""Generated from protos/parley/v1 by `make protos`; only this file is written by hand."""
