"""Sources become fields, fields become batches."""
