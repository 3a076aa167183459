"""Operations: one file each. The registry is the folder: a step's module is imported when a spec names it."""
