"""The checked form of a spec: the graph of a net, the types of its values, and sizes that may stay symbolic."""
