"""How each operation is recognised in a program of ATen: a file for each family, as in `netspec.ops`."""
