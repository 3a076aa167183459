"""Sources -> fields -> batches."""
