"""Mistakes as data, and how they are told: codes, texts in two languages, excerpts with carets."""
