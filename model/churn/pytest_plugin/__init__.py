"""The pytest plugin: options and ini keys for what is tested, fixtures for a system and a session, and failures told well.

Each option ``--churn-x`` has an ini key ``churn_x``. Most of them the fixtures `churn_system` and `churn_session` obey by
themselves. The others (``services``, ``profile``, ``faults``) only a test can obey, which reads them from `churn_choice`.
"""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from churn.errors import EnvironmentFault, UsageError
from churn.pytest_plugin.choice import OPTIONS, Choice, chosen, is_chosen, told_choice
from churn.pytest_plugin.reproducing import ReproducerFile
from churn.pytest_plugin.telling import narrow, place, told
from churn.reproducers.key import is_reproducer

__all__ = ["OPTIONS", "Choice", "chosen"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and their ini keys."""
    group = parser.getgroup("churn", "Churn: break service managers")
    for name, (default, words) in OPTIONS.items():
        group.addoption(f"--churn-{name}", default=None, help=f"{words} (default: {default or 'none'})")
        parser.addini(f"churn_{name.replace('-', '_')}", words, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse wrong values before anything is collected. Raises `pytest.UsageError`."""
    chosen(config)
    config.addinivalue_line("markers", "churn_images(*tags): the images that the engine behind churn_docker_client has")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what is tested, and the seed, where anybody has chosen it: with both a run can be repeated."""
    return told_choice(config) if is_chosen(config) else None


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """Say the same where nobody has chosen anything, but a test asks Churn for a system."""
    used = any("churn_choice" in getattr(item, "fixturenames", ()) or _machine(item) for item in items)
    return told_choice(config) if used and not is_chosen(config) and config.get_verbosity() >= 0 else None


@pytest.fixture(name="churn_choice")
def _choice(request: pytest.FixtureRequest) -> Choice:
    """What the options say: for tests that explore by themselves."""
    return chosen(request.config)


@pytest.fixture(name="churn_system")
def _system(churn_choice: Choice) -> Iterator[Any]:
    """A `churn.assembly.Assembled` of the chosen manager and engine, for one test."""
    try:
        with churn_choice.target().assembled() as whole:
            yield whole
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(name="churn_session")
def _session(churn_system: Any, churn_choice: Choice, tmp_path: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `churn.session.session.Session` over `churn_system`, its trace on disk, with the chosen budget."""
    from churn.lifecycle.invariants import all_but
    from churn.session.budget import Budget
    from churn.session.session import Session
    from churn.session.trace import written
    from churn.system.clock import RealClock

    head = {"manager": churn_choice.manager, "engine": churn_choice.engine, "seed": churn_choice.seed}
    with written(tmp_path / "trace.jsonl", head) as trace:
        budget = Budget(RealClock(), churn_choice.operations, churn_choice.seconds)
        session = Session(churn_system.system, churn_system.reset, trace, budget, all_but(churn_choice.excluded))
        request.node.stash[_SESSION] = session, churn_choice
        yield session


@pytest.fixture(name="churn_docker_client")
def _docker_client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A docker SDK client over an engine of the test's own, in memory; ``@pytest.mark.churn_images("nginx")`` are its images."""
    from churn.system.engines.emulated.api.fake import fake_docker

    mark = request.node.get_closest_marker("churn_images")
    with fake_docker(*(mark.args if mark is not None else ())) as client:
        yield client


_SESSION = pytest.StashKey[Any]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A reproducer is a test for each target that it names."""
    collector: pytest.Collector | None = None
    if file_path.suffix == ".json" and is_reproducer(file_path):
        collector = ReproducerFile.from_parent(parent, path=file_path)
    return collector


# -- machines of a suite's own ----------------------------------------------------------------------------------------


def _machine(item: pytest.Item) -> Any:
    """The `churn.LifecycleMachine` that a test case runs, if it runs one."""
    return getattr(getattr(item, "cls", None), "churn_machine", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tell a machine what the options wish."""
    machine = _machine(item)
    if machine is None:
        return
    from churn.explore.profiles import PROFILES
    from churn.explore.suite import Wishes

    choice = chosen(item.config)
    machine.wishes = Wishes(
        target=choice.target(),
        services=choice.services,
        faults=choice.faults,
        seed=choice.seed if item.config.getoption("--hypothesis-seed", default=None) is None else None,
        operations=choice.operations,
        seconds=choice.seconds,
        excluded=choice.excluded,
        profile=PROFILES[choice.profile if is_chosen(item.config, "profile") else "fixed"],
    )


def _explored(item: pytest.Item) -> tuple[Any, Choice | None]:
    """The session that a test has used, and the choice that it goes by."""
    machine = _machine(item)
    if machine is not None and machine.explorer is not None:
        return machine.explorer.session, chosen(item.config)
    return item.stash.get(_SESSION, (None, None))


# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a violation by its shrunk sequence, as code to paste. Say so where not the manager failed, but the environment."""
    session, choice = _explored(item)
    if session is None:
        return (yield)
    theirs = narrow(call)
    report = yield  # a test case's failure is there only now
    from churn.session.violation import Violation

    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, Violation):
        _tell(report, item, error, told(session, error, choice), theirs=theirs)
    elif isinstance(error, EnvironmentFault):
        report.sections.append(("churn", "the environment failed, not the manager: the verdict is UNKNOWN"))
    return report


def _tell(report: pytest.TestReport, item: pytest.Item, violation: Any, text: str, *, theirs: bool) -> None:
    add = getattr(report.longrepr, "addsection", None)
    if theirs and add is not None:
        add("how to see it again", text)
    else:
        where = place(_machine(item), violation) if _machine(item) is not None else str(item.path)
        report.longrepr = f"{where}: {type(violation).__name__}\n\n{violation}\n\n{text}\n"
