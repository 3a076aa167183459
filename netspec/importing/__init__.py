"""Turns what people have, modules of PyTorch and files, into specs: each kind of source has a reader of its own."""
