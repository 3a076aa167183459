"""The version of the package, as in pyproject.toml (a test compares them), and of the formats that it writes."""

VERSION = "0.1.0"
# of a run's folder; it grows where an older folder can no longer be read. Without a number it is 1
RUN_FORMAT = 2
