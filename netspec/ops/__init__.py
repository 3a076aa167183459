"""The operations, a file for each family. `registry.py` finds the module of a name and imports it when it is used."""
