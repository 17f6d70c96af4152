"""What the options and ini keys say is tested, and how much."""

import os
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any, NoReturn

import pytest
from attrs import frozen

from churn.nearest import nearest
from churn.system.managers.gallery import description_path, gallery, is_file

_OF_TESTS = "for tests that read churn_choice: "
OPTIONS = {
    "engine": ("emulated", "the container engine: emulated or docker"),
    "manager": ("reference", "the service manager under test"),
    "seed": ("0", "the seed of all that is random"),
    "budget": ("", "seconds that a session may take"),
    "max-operations": ("2000", "operations that a session may do"),
    "exclude": ("", "names of invariants that are not asked, with commas between them"),
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
    excluded: frozenset[str] = frozenset()
    """The names of invariants that are not asked."""
    shrink: bool = True
    reproducers: Path = Path("churn-report/reproducers")

    def target(self) -> Any:
        """The `churn.Target` that they name, with this process's environment for its programs."""
        from churn.assembly import Target  # only where something is tested: a plugin is loaded in every pytest run

        return Target(manager=self.manager, engine=self.engine, seed=self.seed, environ=dict(os.environ))


def is_chosen(config: pytest.Config, *names: str) -> bool:
    """Whether anybody has chosen anything, or one of these."""
    return any(word_of(config, name) != OPTIONS[name][0] for name in names or OPTIONS)


def told_choice(config: pytest.Config) -> str:
    """What is tested, and the seed: with both a run can be repeated."""
    choice = chosen(config)
    return f"churn: {choice.manager} on {choice.engine}, seed {choice.seed}"


def chosen(config: pytest.Config) -> Choice:
    """What the command line says, else the ini file. Raises `pytest.UsageError`."""
    words = {name: word_of(config, name) for name in OPTIONS}
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
        excluded=_invariants(words["exclude"]),
        shrink=_one_of("shrink", words["shrink"], _SWITCH) in _YES,
        reproducers=config.rootpath / words["reproducers"],
    )


PROFILES = ("fixed", "explore", "soak", "real")
"""Those of `churn.explore.machine`, which is loaded only by tests that explore."""
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_SWITCH = (*_YES, *_NO)


def word_of(config: pytest.Config, name: str) -> str:
    given = config.getoption(f"--churn-{name}")
    return str(given if given is not None else config.getini(f"churn_{name.replace('-', '_')}"))


def _one_of(name: str, word: str, known: Sequence[str]) -> str:
    if word not in known:
        question = nearest(word, known)
        _wrong(name, f"one of {', '.join(known)}", word, f"; {question}" if question else "")
    return word


def _manager(word: str) -> str:
    """A manager's name, or the file that describes it."""
    if is_file(word) and not Path(word).is_file():
        _wrong("manager", "a file that is there", word)
    if description_path(word) is None:
        _one_of("manager", word, ("reference", "aima", *gallery()))
    return word


def _invariants(word: str) -> frozenset[str]:
    """The names in a list with commas, each of an invariant. They are looked up only where there are any."""
    names = [name.strip() for name in word.split(",") if name.strip()]
    if names:
        from churn.lifecycle.invariants import INVARIANTS  # a plugin is loaded in every pytest run

        known = [one.name for one in INVARIANTS]
        for name in names:
            _one_of("exclude", name, known)
    return frozenset(names)


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


def _wrong(name: str, expected: str, word: str, advice: str = "") -> NoReturn:
    key = f"churn_{name.replace('-', '_')}"
    raise pytest.UsageError(f"--churn-{name} (or {key}): expected {expected}, got {word!r}{advice}")
