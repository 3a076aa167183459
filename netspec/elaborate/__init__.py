"""Syntax objects -> Graph: names, expansion, types. Every semantic error of the language is found here."""
