"""Graph -> Scene -> file: which units are drawn, where they stand, what is written on them.

    reading -> settings -> render -> views/ -> { units/ | stages/ | blocks/ } -> scene/ -> trained/ -> backends/

`units/` draws circles and the wires between them, `stages/` chains of maps, `blocks/` boxes that Graphviz places,
`trained/` what a run has learned. The module of a folder itself holds what all others in it build on.
"""
