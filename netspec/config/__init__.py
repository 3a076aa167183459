"""Reads and checks the sections `data` and `train`, without torch."""
