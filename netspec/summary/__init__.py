"""Describes a net for readers: the table of layers, equations, a JSON document, and differences of two specs."""
