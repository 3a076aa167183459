"""What a spec means once it is read: the graph of a net, the types of its values, sizes with open letters."""
