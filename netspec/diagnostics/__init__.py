"""Mistakes as data, and how they are shown: codes, texts in two languages, excerpts with carets."""
