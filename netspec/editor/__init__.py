"""A text that is being written -> answers for an editor: mistakes, fixes, types, names, figures.

The engine (`engine.py`) takes and gives the messages of the Language Server Protocol as plain dicts and knows no
transport: `netspec lsp` carries it over standard input and output. Every answer comes from the reader, the checker and
the registries that the command line uses.
"""
