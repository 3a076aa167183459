"""Graph -> Scene -> file: which units are drawn, their positions, and their text.

    reading -> settings -> render -> views/ -> { units/ | stages/ | blocks/ } -> scene/ -> trained/ -> backends/

`units/` draws circles and wires between them, `stages/` chains of maps, `blocks/` boxes and the arrows between them,
and `trained/` what a run has learned. The `__init__` module of a folder has what its other modules share.
"""
