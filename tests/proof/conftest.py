"""The same examples on every run: a proof that fails here fails everywhere."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SOAK = "NETSPEC_EXAMPLES" in os.environ
settings.register_profile(
    "proof",
    deadline=None,
    derandomize=not SOAK,
    # a spec that breaks a law is found again by its blob; to shrink it would take longer than the whole soak
    phases=[Phase.explicit, Phase.generate] if SOAK else list(Phase),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("proof")
