"""A finished run -> pictures: curves, confusion matrix, decision boundary, the figure with its weights."""
