"""Data sources: files, bundled sets and arrays become named columns, each row one example."""
