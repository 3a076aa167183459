"""`python -m netspec`."""

from __future__ import annotations

import sys

from netspec.cli import main

sys.exit(main())
