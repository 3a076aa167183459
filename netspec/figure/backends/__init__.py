"""Scene -> SVG, DOT, PNG and PDF; and Graphviz, which lays out what no rule of ours does."""
