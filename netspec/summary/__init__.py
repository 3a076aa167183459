"""Graph -> what a reader wants to know: the table of layers, equations, JSON, differences."""
