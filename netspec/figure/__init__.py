"""Graph -> Scene: which units are drawn, where they stand, what is written on them."""
