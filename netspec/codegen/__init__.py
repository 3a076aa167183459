"""Graph -> PyTorch: source a person could have written, and the live module, which is that very text."""
