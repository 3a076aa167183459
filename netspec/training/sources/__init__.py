"""Data sources: files, bundled data sets and arrays -> named columns with a row for each example."""
