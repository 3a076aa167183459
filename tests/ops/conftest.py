"""The same examples on every run: a proof that fails here fails everywhere."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ops",
    deadline=None,
    derandomize="NETSPEC_EXAMPLES" not in os.environ,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ops")
