"""Hand-written PyTorch of networks beside this folder, in their papers' form: what a compiled spec is compared with."""
