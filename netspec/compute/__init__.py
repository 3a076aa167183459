"""What operations compute: formulas, arrays and their gradients, without torch and numpy."""
