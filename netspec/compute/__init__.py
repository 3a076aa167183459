"""Formulas, arrays and gradients: how operations compute, independent of torch and numpy."""
