"""The live parts of a run, and the loop that moves them."""
