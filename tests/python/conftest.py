"""Settings of the Python tests. The repository's own halfulp must be importable (built or installed)."""

from hypothesis import HealthCheck, settings

# Reproducible, and unhurried on shared machines. Hypothesis prints how to replay a failure.
settings.register_profile(
    "halfulp", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("halfulp")
