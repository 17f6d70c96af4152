"""Reproducers as tests: each file is one for each target that it names.

A bug that lives as its file says is an expected failure; one that is gone fails, until the file says so.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from churn.errors import UsageError
from churn.pytest_plugin.choice import word_of

FAILED, FIXED = "FAILED", "FIXED"
"""The values of `churn.reproducers.file.Expectation`, which is loaded only where there are reproducers."""


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
            if expectation.value == FAILED:
                reason = f"the bug still lives: churn replay {self.path}"
                item.add_marker(pytest.mark.xfail(strict=True, raises=StillThere, reason=reason))
            yield item


class ReproducerItem(pytest.Item):
    """A reproducer against one target, held to what is expected of it there."""

    reproducer: Any
    target: str
    expectation: Any

    def runtest(self) -> None:
        """Replay it. Raises `StillThere` where a bug lives as expected, `Unexpected` where the verdict is another one."""
        from churn.assembly import Target
        from churn.reproducers.replay import replay
        from churn.reproducers.trust import trusted
        from churn.session.session import Session
        from churn.system.managers.aima import AimaSettings

        manager, *defects = self.target.split("+")
        manager = trusted(manager, self.path, (self.config.rootpath,))
        if manager == "aima":
            _need_aima()
        engine = word_of(self.config, "engine")
        _need_gallery(manager, engine, self.reproducer.engine)
        target = Target(
            manager=manager,
            engine=engine,
            seed=self.reproducer.seed,
            defects=tuple(defects),
            environ=dict(os.environ),
            engine_faults=self.reproducer.disturbs,
            interrupts=self.reproducer.interrupts,
            together=self.reproducer.together,
            aima=AimaSettings.of(self.reproducer.settings),
        )
        with Session.over(target) as session:
            done = replay(self.reproducer, session)
        self._compare(done.verdict.value, done.reason)

    def _compare(self, verdict: str, reason: str) -> None:
        expected = self.expectation.value
        if verdict == expected == FAILED:
            raise StillThere(f"the bug of {self.target} still lives: churn replay {self.path}")
        if verdict == FIXED and expected == FAILED:
            raise Unexpected(
                f'the bug of {self.target} is gone: in {self.path}, say under "targets" that it is {FIXED}: '
                f"{self.target!r}: {FIXED!r}"
            )
        if verdict != expected:
            raise Unexpected(f"expected {expected} of {self.target}, got {verdict} {reason}: churn replay {self.path}")

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


def _need_gallery(manager: str, engine: str, of_finding: str) -> None:
    """Skip where it is a manager of the gallery that is not here, or was found wanting on another kind of engine."""
    from churn.system.managers.gallery import gallery
    from churn.system.managers.gallery.probing import lacking

    if manager not in gallery():
        return
    if engine != of_finding:
        pytest.skip(f"{manager} failed on the engine {of_finding}: name that with --churn-engine")
    reason = lacking(manager, os.environ)
    if reason:
        pytest.skip(reason)


class StillThere(Exception):
    """A replay shows the bug that its file has: the test is expected to fail."""


class Unexpected(Exception):
    """A replay came to another verdict than its file expects."""
