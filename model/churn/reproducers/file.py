"""Reproducers: failures kept as readable JSON files that replay from their operations.

Unknown keys are left alone, so that a file may carry comments (any key that begins with ``//``) and later fields. `former` tells
how files of earlier versions are read.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import repeat
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

from churn.errors import UsageError
from churn.lifecycle.condition import ANY, Abstract, Condition
from churn.lifecycle.operations import Family
from churn.lifecycle.sequence import Naming, Sequence
from churn.reproducers import former
from churn.reproducers.key import KEY
from churn.reproducers.steps import StepReader, step_data
from churn.session.done import Done
from churn.session.fingerprint import Fingerprint
from churn.session.known import Behind
from churn.session.verdict import Signature
from churn.visible import harmless_json


class Expectation(Enum):
    """What a replay against a target is expected to come to."""

    FAILED = "FAILED"
    FIXED = "FIXED"


@frozen(kw_only=True)
class Reproducer:
    """A failing sequence with what is known of it. `targets` are manager and defects, as ``reference+restart-policy``."""

    signature: Signature
    expected: str
    seen: str
    names: tuple[str, ...]
    sequence: Sequence
    manager: str = "reference"
    engine: str = "emulated"
    defects: tuple[str, ...] = ()
    seed: int = 0
    rate: float | None = None
    found: str = ""
    evidence: tuple[str, ...] = ()
    targets: Mapping[str, Expectation] = field(factory=dict)
    befores: tuple[Abstract, ...] = ()
    """The abstract state that each step was done in when it was found; empty where a file does not say."""
    behind: Behind = field(factory=Behind)
    """The bugs that were known when it was found: a replay goes on behind them likewise."""
    settings: Mapping[str, str | int | bool] = field(factory=dict)
    """How the manager was run, where it can be run in several ways."""
    usual: float | None = None
    """Seconds that its last operation takes elsewhere, where its taking longer is what fails."""

    @property
    def disturbs(self) -> bool:
        """Whether its engine has to fail the manager."""
        return any(step.operation.family is Family.ENGINE for step in self.sequence.steps)

    @property
    def interrupts(self) -> bool:
        """Whether its manager has to be ended midway."""
        return any(step.operation.family is Family.INTERRUPT for step in self.sequence.steps)

    @property
    def together(self) -> bool:
        """Whether several clients have to ask its manager at once."""
        return any(step.operation.family is Family.CLIENTS for step in self.sequence.steps)

    @property
    def file_name(self) -> str:
        """What breaks, in words: ``undisturbed-stop-one-of-two.json``."""
        many = {1: "", 2: "-one-of-two", 3: "-one-of-three"}.get(len(self.names), f"-one-of-{len(self.names)}")
        condition = re.sub(r"[^a-z]+", "", str(self.signature.condition))
        where = "" if condition in ("any", "") or many else f"-{condition}"
        return f"{self.signature.invariant}-{self.signature.operation}{many}{where}.json"


def save(reproducer: Reproducer, folder: Path, name: str | None = None) -> Path:
    """Write it aside and rename it; the file's path. A file of that name that says something else gets a neighbour."""
    folder.mkdir(parents=True, exist_ok=True)
    text = harmless_json(json.dumps(as_data(reproducer), indent=2, ensure_ascii=False)) + "\n"
    path = folder / (name or reproducer.file_name)
    number = 2
    while path.exists() and path.read_text(encoding="utf-8") != text:
        path = folder / f"{(name or reproducer.file_name).removesuffix('.json')}-{number}.json"
        number += 1
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    return aside.replace(path)


def as_data(reproducer: Reproducer) -> dict[str, Any]:
    """The file's content."""
    return {
        KEY: former.FORMAT,
        "invariant": reproducer.signature.invariant,
        "operation": reproducer.signature.operation,
        "condition": str(reproducer.signature.condition),
        "expected": reproducer.expected,
        "seen": reproducer.seen,
        "services": list(reproducer.names),
        "naming": reproducer.sequence.naming.value,
        "steps": [
            step_data(step, before)
            for step, before in zip(reproducer.sequence.steps, reproducer.befores or repeat(()), strict=False)
        ],
        **({"behind": _behind_data(reproducer.behind)} if reproducer.behind != Behind() else {}),
        "manager": reproducer.manager,
        **({"settings": dict(reproducer.settings)} if reproducer.settings else {}),
        "engine": reproducer.engine,
        "defects": list(reproducer.defects),
        "seed": reproducer.seed,
        "rate": reproducer.rate,
        **({"usual": reproducer.usual} if reproducer.usual is not None else {}),
        "found": reproducer.found,
        "evidence": list(reproducer.evidence),
        "targets": {name: expectation.value for name, expectation in reproducer.targets.items()},
    }


def _behind_data(behind: Behind) -> dict[str, list[dict[str, Any]]]:
    data: dict[str, list[dict[str, Any]]] = {
        part: [_fingerprint_data(one) for one in found]
        for part, found in zip(_BEHIND, (behind.bugs, behind.companions, behind.consequences), strict=True)
    }
    for one, cause in zip(data[_BEHIND[0]], behind.causes, strict=False):
        if cause is not None:
            one |= {_CAUSE: [step_data(step, ()) for step in cause.steps], "naming": cause.naming.value}
    return data


def _fingerprint_data(one: Fingerprint) -> dict[str, str]:
    signature = {name: str(value) for name, value in asdict(one.signature, recurse=False).items()}
    return {**signature, "expected": one.expected, "seen": one.seen}


def load(path: Path) -> Reproducer:
    """Read a file. Raises `UsageError` that names file, place, what was expected and what is there."""
    try:
        return _Reader(path, KEY).reproducer()
    except RecursionError as error:
        raise UsageError(
            f"{path}: expected a reproducer, got JSON that is nested too deeply; Churn writes no such file"
        ) from error


class _Reader(StepReader):
    """Reads one file, and says where in it something is wrong."""

    def reproducer(self) -> Reproducer:
        """The file's content, checked."""
        version = self.get(KEY, int)
        if version > former.FORMAT:
            self.wrong(KEY, f"a format up to {former.FORMAT}; this file needs a newer Churn", version)
        for earlier in range(version, former.FORMAT):
            if earlier not in former.UPGRADES:
                known = min(former.UPGRADES, default=former.FORMAT)
                self.wrong(KEY, f"a format from {known} to {former.FORMAT}", version)
            self.data = former.UPGRADES[earlier](self.data)
        names = self._names()
        steps = tuple(self.step(place, step, names) for place, step in enumerate(self.get("steps", list)))
        if not steps:
            self.wrong("steps", "at least one step", [])
        return Reproducer(
            signature=self._signature(),
            expected=self.get("expected", str, ""),
            seen=self.get("seen", str, ""),
            names=names,
            sequence=Sequence(steps, self.word("naming", Naming, self.get("naming", str, Naming.PLAIN.value))),
            manager=self.name("manager", self.data.get("manager", "reference")),
            engine=self.name("engine", self.data.get("engine", "emulated")),
            defects=tuple(
                self.name(f"defects[{place}]", one) for place, one in enumerate(self.get("defects", list, []))
            ),
            seed=self.get("seed", int, 0),
            rate=self.number("rate", "null or a number from 0.001 to 1", _LEAST_RATE, 1),
            found=self.get("found", str, ""),
            evidence=tuple(self.each("evidence", str)),
            targets=self._targets(),
            befores=self._befores(),
            behind=self._behind(),
            settings=self._settings(),
            usual=self.number("usual", "null or a number of seconds", 0, _MOST_SECONDS),
        )

    def _names(self) -> tuple[str, ...]:
        """The services: each by a name of the model's, and once."""
        names = tuple(self.service(f"services[{place}]", name) for place, name in enumerate(self.get("services", list)))
        if not names:
            self.wrong("services", "at least one service", [])
        if len(set(names)) < len(names):
            self.wrong("services", "each service once", list(names))
        return names

    def _targets(self) -> dict[str, Expectation]:
        found = self.get("targets", dict, {})
        return {
            self.name("targets", name): self.word(f"targets.{name}", Expectation, value)
            for name, value in found.items()
        }

    def _signature(self) -> Signature:
        operation = self.get("operation", str)
        condition = self.get("condition", str, str(ANY))
        return Signature(self.get("invariant", str), former.ALIASES.get(operation, operation), condition)

    def _settings(self) -> dict[str, str | int | bool]:
        found = self.get("settings", dict, {})
        for key, value in found.items():
            self.name("settings", key)
            if not isinstance(value, int):
                self.name(f"settings.{key}", value)
        return dict(found)

    def _behind(self) -> Behind:
        data = self.get("behind", dict, {})
        bugs, beside, consequences = (
            tuple(self._fingerprints(f"behind.{part}", data.get(part, []))) for part in _BEHIND
        )
        causes = tuple(self._cause(place, one) for place, one in enumerate(data.get(_BEHIND[0], [])))
        return Behind(bugs, beside, consequences, causes if any(causes) else ())

    def _cause(self, place: int, bug: dict[str, Any]) -> Done | None:
        """What makes a bug that was known. Its services are called as they were there."""
        if (data := bug.get(_CAUSE)) is None:
            return None
        where = f"behind.{_BEHIND[0]}[{place}].{_CAUSE}"
        naming = self.word(f"{where}: naming", Naming, bug.get("naming", Naming.PLAIN.value))
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            self.wrong(where, "a list of objects", data)
        names = tuple(dict.fromkeys(self.service(where, one["service"]) for one in data if "service" in one))
        return Done.of(names, [self.step(number, one, names, where) for number, one in enumerate(data)], naming)

    def _fingerprints(self, where: str, data: Any) -> Iterator[Fingerprint]:
        if not isinstance(data, list):
            self.wrong(where, "a list", data)
        for place, one in enumerate(data):
            if not isinstance(one, dict):
                self.wrong(f"{where}[{place}]", "an object", one)
            words: list[Any] = [one.get(key) for key in _FINGERPRINT]
            for key, word in zip(_FINGERPRINT, words, strict=True):
                if not isinstance(word, str):
                    self.wrong(f"{where}[{place}].{key}", "a text", word)
            words[1] = former.ALIASES.get(words[1], words[1])
            yield Fingerprint(Signature(*words[:3]), *words[3:])

    def _befores(self) -> tuple[Abstract, ...]:
        found = [step.get("state") for step in self.data["steps"]]
        for place, words in enumerate(found):
            if words is not None and not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
                self.wrong(f"steps[{place}].state", "a list of texts", words)
        return (
            tuple(tuple(map(Condition.of, words)) for words in found)
            if all(words is not None for words in found)
            else ()
        )


_LEAST_RATE, _MOST_SECONDS = 1e-3, 1e9
_BEHIND, _CAUSE = ("bugs", "beside", "consequences"), "done"
_FINGERPRINT = ("invariant", "operation", "condition", "expected", "seen")
