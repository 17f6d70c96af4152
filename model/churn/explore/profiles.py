"""How much is explored, and how Hypothesis is set for it."""

from attrs import frozen
from hypothesis import HealthCheck, Phase, Verbosity, settings


@frozen
class Profile:
    """How much is explored: sequences, and steps in each."""

    sequences: int
    steps: int


PROFILES = {
    "fixed": Profile(25, 30),
    "explore": Profile(10_000, 30),
    "soak": Profile(1_000_000, 100),
    "real": Profile(10_000, 12),
}
"""`fixed` for regressions, `explore` for an emulated engine, `soak` for a long night, `real` where operations are slow."""


def quiet(profile: Profile) -> settings:
    """Hypothesis's settings: only generate, remember nothing, print nothing, never hurry."""
    return quietly(settings(max_examples=profile.sequences, stateful_step_count=profile.steps))


def quietly(counts: settings) -> settings:
    """The same for somebody's own settings, of which the numbers of sequences and steps count."""
    return settings(
        max_examples=counts.max_examples,
        stateful_step_count=counts.stateful_step_count,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
