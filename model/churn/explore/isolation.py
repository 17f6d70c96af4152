"""What Hypothesis takes from where it runs, and leaves there, is kept away from exploration."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal import constants_ast
from hypothesis.internal.conjecture import providers

from churn.system.ownership import folder
from churn.system.runs import new_run


@contextmanager
def isolated() -> Iterator[None]:
    """What is drawn meanwhile depends on the seed alone, and nothing is written where a user stands."""
    with _leaving_nothing(), _by_seed_alone():
        yield


@contextmanager
def _leaving_nothing() -> Iterator[None]:
    """Hypothesis keeps what it finds in imported modules in its folder, database or not: not where a user stands."""
    with folder(new_run()) as own:
        set_hypothesis_home_dir(str(own))
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


@contextmanager
def _by_seed_alone() -> Iterator[None]:
    """Hypothesis draws numbers that stand in the user's imported modules a little more often.

    So the same seed would mean other sequences wherever other modules are imported: in a test run, or where the package
    itself is installed for development. It has no setting for this.
    """
    found = providers._get_local_constants  # noqa: SLF001 -- there is no public name
    nothing = constants_ast.Constants()
    providers.CONSTANTS_CACHE.cache.clear()
    providers._get_local_constants = lambda: nothing  # noqa: SLF001 -- as above
    try:
        yield
    finally:
        providers._get_local_constants = found  # noqa: SLF001 -- as above
        providers.CONSTANTS_CACHE.cache.clear()
