"""The words that `data` and `train` sections may use, as classes: declaration and formula of each in one place.

Every module of this folder is imported at the first question to one of the registries (LOSSES, METRICS, OPTIMIZERS,
SCHEDULES, SOURCES, STEPS). A new word is one class with `@netspec.register`, in a file of its own here or anywhere.
torch and numpy are imported inside the formulas, so that a spec can be checked without them.
"""
