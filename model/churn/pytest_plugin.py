"""The pytest plugin: options and ini keys for what is tested, fixtures for a system and a session, and failures told well.

Each option ``--churn-x`` has an ini key ``churn_x``. Most of them the fixtures `churn_system` and `churn_session` obey by
themselves. The others (``services``, ``profile``, ``faults``) only a test can obey, which reads them from `churn_choice`.
"""

import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any, NoReturn

import pytest
from attrs import frozen

from churn.errors import ChurnError, EnvironmentFault, UsageError
from churn.reproducers.key import is_reproducer

_OF_TESTS = "for tests that read churn_choice: "
_OPTIONS = {
    "engine": ("emulated", "the container engine: emulated or docker"),
    "manager": ("reference", "the service manager under test"),
    "seed": ("0", "the seed of all that is random"),
    "budget": ("", "seconds that a session may take"),
    "max-operations": ("2000", "operations that a session may do"),
    "shrink": ("yes", "whether a failure is made small before it is told: yes or no"),
    "reproducers": ("churn-report/reproducers", "the folder where failures are kept, from pytest's root"),
    "services": ("2", f"{_OF_TESTS}how many services they use"),
    "profile": ("explore", f"{_OF_TESTS}how much they explore: fixed, explore, soak or real"),
    "faults": ("yes", f"{_OF_TESTS}whether they make servers misbehave: yes or no"),
}
"""Each option: its default, and what it is."""


@frozen(kw_only=True)
class Choice:
    """What the options and ini keys say is tested, and how much. `services`, `profile` and `faults` are for tests to read."""

    engine: str
    manager: str
    seed: int
    services: int
    seconds: float | None
    operations: int | None
    profile: str
    faults: bool
    shrink: bool = True
    reproducers: Path = Path("churn-report/reproducers")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and their ini keys."""
    group = parser.getgroup("churn", "Churn: break service managers")
    for name, (default, words) in _OPTIONS.items():
        group.addoption(f"--churn-{name}", default=None, help=f"{words} (default: {default or 'no limit'})")
        parser.addini(f"churn_{name.replace('-', '_')}", words, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse wrong values before anything is collected. Raises `pytest.UsageError`."""
    chosen(config)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what is tested, and the seed, where anybody has chosen it: with both a run can be repeated."""
    return _told_choice(config) if _is_chosen(config) else None


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """Say the same where nobody has chosen anything, but a test asks Churn for a system."""
    used = any("churn_choice" in getattr(item, "fixturenames", ()) for item in items)
    return _told_choice(config) if used and not _is_chosen(config) and config.get_verbosity() >= 0 else None


def _is_chosen(config: pytest.Config) -> bool:
    return any(_word(config, name) != default for name, (default, _) in _OPTIONS.items())


def _told_choice(config: pytest.Config) -> str:
    choice = chosen(config)
    return f"churn: {choice.manager} on {choice.engine}, seed {choice.seed}"


def chosen(config: pytest.Config) -> Choice:
    """What the command line says, else the ini file. Raises `pytest.UsageError`."""
    words = {name: _word(config, name) for name in _OPTIONS}
    budget, operations = words["budget"].removesuffix("s"), words["max-operations"]
    return Choice(
        engine=_one_of("engine", words["engine"], ("emulated", "docker")),
        manager=_manager(words["manager"]),
        seed=_whole("seed", words["seed"]),
        services=_whole("services", words["services"], least=1),
        seconds=_seconds("budget", budget) if budget else None,
        operations=_whole("max-operations", operations) if operations else None,
        profile=_one_of("profile", words["profile"], PROFILES),
        faults=_one_of("faults", words["faults"], _SWITCH) in _YES,
        shrink=_one_of("shrink", words["shrink"], _SWITCH) in _YES,
        reproducers=config.rootpath / words["reproducers"],
    )


_SHRINKING = 300.0
"""Seconds that shrinking may take on a real engine, where no budget is given."""
PROFILES = ("fixed", "explore", "soak", "real")
"""Those of `churn.explore.machine`, which is loaded only by tests that explore."""
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_SWITCH = (*_YES, *_NO)


def _word(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"--churn-{name}")
    return str(given if given is not None else config.getini(f"churn_{name.replace('-', '_')}"))


def _one_of(name: str, word: str, known: Sequence[str]) -> str:
    return word if word in known else _wrong(name, f"one of {', '.join(known)}", word)


def _manager(word: str) -> str:
    """A manager's name, or the file that describes it."""
    if word.endswith(".toml") and not Path(word).is_file():
        _wrong("manager", "a file that is there", word)
    if not word.endswith(".toml"):
        _one_of("manager", word, ("reference", "aima"))
    return word


def _whole(name: str, word: str, least: int = 0) -> int:
    with suppress(ValueError):
        if (number := int(word)) >= least:
            return number
    return _wrong(name, f"a whole number from {least} on", word)


def _seconds(name: str, word: str) -> float:
    with suppress(ValueError):
        if 0 < (number := float(word)) < inf:
            return number
    return _wrong(name, "a number of seconds above 0", word)


def _wrong(name: str, expected: str, word: str) -> NoReturn:
    raise pytest.UsageError(f"--churn-{name} (or churn_{name.replace('-', '_')}): expected {expected}, got {word!r}")


@pytest.fixture(name="churn_choice")
def _choice(request: pytest.FixtureRequest) -> Choice:
    """What the options say: for tests that explore by themselves."""
    return chosen(request.config)


@pytest.fixture(name="churn_system")
def _system(churn_choice: Choice) -> Iterator[Any]:
    """A `churn.assembly.Assembled` of the chosen manager and engine, for one test."""
    # Imported here: a plugin is loaded in every pytest run of whoever has Churn installed.
    from churn.assembly import Target, assembled

    target = Target(
        manager=churn_choice.manager,
        engine=churn_choice.engine,
        seed=churn_choice.seed,
        environ=dict(os.environ),
    )
    try:
        with assembled(target) as whole:
            yield whole
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.fixture(name="churn_session")
def _session(churn_system: Any, churn_choice: Choice, tmp_path: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A `churn.session.session.Session` over `churn_system`, its trace on disk, with the chosen budget."""
    from churn.session.budget import Budget
    from churn.session.session import Session
    from churn.session.trace import written
    from churn.system.clock import RealClock

    head = {"manager": churn_choice.manager, "engine": churn_choice.engine, "seed": churn_choice.seed}
    with written(tmp_path / "trace.jsonl", head) as trace:
        budget = Budget(RealClock(), churn_choice.operations, churn_choice.seconds)
        session = Session(churn_system.system, churn_system.reset, trace, budget)
        request.node.stash[_SESSION] = session, churn_choice
        yield session


_SESSION = pytest.StashKey[Any]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A reproducer is a test for each target that it names."""
    collector: pytest.Collector | None = None
    if file_path.suffix == ".json" and is_reproducer(file_path):
        collector = ReproducerFile.from_parent(parent, path=file_path)
    return collector


class ReproducerFile(pytest.File):
    """A reproducer's file."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a target. A file that cannot be read is an error that says where."""
        from churn.reproducers.file import load

        try:
            reproducer = load(self.path)
        except UsageError as error:
            raise self.CollectError(str(error)) from error
        for name, expectation in reproducer.targets.items():
            item: ReproducerItem = ReproducerItem.from_parent(self, name=f"{name}: {expectation.value}")
            item.reproducer, item.target, item.expectation = reproducer, name, expectation
            yield item


class ReproducerItem(pytest.Item):
    """A reproducer against one target, held to what is expected of it there."""

    reproducer: Any
    target: str
    expectation: Any

    def runtest(self) -> None:
        """Replay it. Raises `Unexpected` where the verdict is another one."""
        from churn.assembly import Target, assembled
        from churn.reproducers.replay import replay
        from churn.reproducers.trust import trusted
        from churn.session.budget import Budget
        from churn.session.session import Session
        from churn.session.trace import Trace
        from churn.system.clock import RealClock
        from churn.system.managers.aima import AimaSettings

        manager, *defects = self.target.split("+")
        manager = trusted(manager, self.path, (self.config.rootpath,))
        if manager == "aima":
            _need_aima()
        engine = _word(self.config, "engine")
        target = Target(
            manager=manager,
            engine=engine,
            seed=self.reproducer.seed,
            defects=tuple(defects),
            environ=dict(os.environ),
            engine_faults=self.reproducer.disturbs,
            interrupts=self.reproducer.interrupts,
            aima=AimaSettings.of(self.reproducer.settings),
        )
        with assembled(target) as whole:
            session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
            done = replay(self.reproducer, session)
        if done.verdict.value != self.expectation.value:
            raise Unexpected(
                f"expected {self.expectation.value} of {self.target}, got {done.verdict.value} {done.reason}"
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A line, where the line says it all."""
        return str(excinfo.value) if excinfo.errisinstance(Unexpected) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the file is, and what is expected of it."""
        return self.path, None, f"{self.path.name}: {self.name}"


def _need_aima() -> None:
    """Skip where AIMA's program is not named, or docker is missing, without which it does nothing."""
    if not os.environ.get("AIMA_BIN"):
        pytest.skip("AIMA_BIN does not name AIMA's program")
    if shutil.which("docker") is None:
        pytest.skip("AIMA needs the docker command, which is not on PATH")


class Unexpected(Exception):
    """A replay came to another verdict than its file expects."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a violation by its shrunk sequence, as code to paste. Say so where not the manager failed, but the environment."""
    report = yield
    session, choice = item.stash.get(_SESSION, (None, None))
    if call.excinfo is None or session is None:
        return report
    from churn.session.violation import Violation

    if call.excinfo.errisinstance(Violation):
        report.longrepr = f"{call.excinfo.value}\n\n{_told(session, call.excinfo.value, choice)}\n"
    elif call.excinfo.errisinstance(EnvironmentFault):
        report.sections.append(("churn", "the environment failed, not the manager: the verdict is UNKNOWN"))
    return report


def _told(session: Any, violation: Any, choice: Any) -> str:
    """The sequence that failed as code, shrunk if that is wanted, and where it is kept."""
    from churn.assembly import Target
    from churn.campaign import reproducer_of
    from churn.report.code import as_code
    from churn.reproducers.file import save
    from churn.shrink.shrinker import Shrinker

    part, failing = session.current.part, violation.failing
    whole = as_code(part, failing.names, failing.sequence)
    if not choice.shrink:
        return whole
    seconds = None if session.system.clock.virtual else choice.seconds or _SHRINKING
    try:
        with session.budget.uncounted():
            bug = Shrinker(session=session, most_seconds=seconds).shrink(failing)
    except ChurnError as error:
        return f"{whole}\n\nnot shrunk: {error}"
    if bug.once and bug.rate is not None:
        return f"{whole}\n\nit came in none of {bug.rate.runs} repeats, so it is no bug: the verdict is UNKNOWN"
    code = as_code(part, bug.failing.names, bug.failing.sequence)
    target = Target(manager=choice.manager, engine=choice.engine, seed=choice.seed)
    try:
        path = save(reproducer_of(bug, target, "pytest"), choice.reproducers)
    except OSError as error:
        return f"{code}\n\nnot kept: {error}"
    size = f"shrunk from {len(failing.steps)} to {len(bug.steps)} steps ({bug.said}); {bug.signature}"
    return f"{size}:\n\n{code}\n\nkept: churn replay {path}"
