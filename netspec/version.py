"""The version of the package, as in pyproject.toml (a test compares them), and of the formats that it writes."""

VERSION = "0.1.0"
# The version of the format of a run's folder. It is raised when older folders can no longer be read; a folder that
# states no version has version 1.
RUN_FORMAT = 3
