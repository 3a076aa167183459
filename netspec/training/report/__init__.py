"""A finished run -> pictures: curves, a confusion matrix, a decision boundary, the figure with weights."""
