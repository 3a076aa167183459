"""Turn a graph into PyTorch: source like that of a person, and a live module, which is made by executing it."""
