"""A campaign's state on disk: what it is, its jobs and their results. A head that begins anew goes on from there."""

import json
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from churn.errors import UsageError
from churn.farm.head import Charge
from churn.farm.job import Job, Result, Sought, Subject, Ways, as_text, result_of
from churn.farm.plain import from_plain, to_plain
from churn.report.files import write

FORMAT = 1
_NAME = "campaign.json"


@frozen(kw_only=True)
class Commission:
    """What a campaign is to do: all that its jobs depend on, but for their results."""

    subject: Subject
    ways: Ways = field(factory=Ways)
    charge: Charge = field(factory=Charge)
    seconds: float | None = None
    """Real ones, after which nothing new is looked for. Where they end it, it depends on the workers how much is found."""
    pairs: bool = False
    flat: bool = False
    known: tuple[Sought, ...] = ()
    """Failures of earlier campaigns."""
    head: dict[str, str] = field(factory=dict)
    """What the report says at its top."""


@define(eq=False)
class Folder:
    """The folder of one campaign."""

    path: Path

    def expect_new(self) -> None:
        """Raises `UsageError` where there is a campaign already."""
        if (self.path / _NAME).exists():
            raise UsageError(f"{self.path}: expected a folder without a campaign; go on with this one by --resume")

    def begin(self, commission: Commission) -> None:
        """A new campaign, or the one that is there. Raises `UsageError` where the folder cannot be used."""
        try:
            for part in ("jobs", "results", "deadly"):
                (self.path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path}: expected a folder that can be written, but: {error.strerror}") from error
        head = {"churn": "campaign", "format": FORMAT}
        write(self.path / _NAME, json.dumps({**head, **to_plain(commission)}, ensure_ascii=False) + "\n")

    def commission(self) -> Commission:
        """What the campaign there is to do. Raises `UsageError` where there is none."""
        place = self.path / _NAME
        try:
            data: Any = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"{place}: expected a campaign that was begun by churn run --jobs, but: {why}") from error
        if not isinstance(data, dict) or data.pop("churn", None) != "campaign" or data.pop("format", None) != FORMAT:
            raise UsageError(f"{place}: expected a campaign of format {FORMAT}, got something else")
        return from_plain(data, Commission, str(place))

    def result(self, job: Job) -> Result | None:
        """What is there of the job's result; None where it is still to be done. Raises `UsageError` where it was another job."""
        kept, came = self._job(job), self.path / "results" / f"{job.id}.json"
        text = as_text(job)
        if not kept.exists():
            write(kept, text)
        elif kept.read_text(encoding="utf-8") != text:
            raise UsageError(
                f"{kept}: expected the job that this campaign makes, got another one: the folder is another Churn's, or was "
                "changed; begin a new campaign"
            )
        return result_of(came.read_text(encoding="utf-8"), str(came)) if came.exists() else None

    def keep(self, result: Result) -> None:
        """A job was done. What came of it first counts."""
        place = self.path / "results" / f"{result.id}.json"
        if not place.exists():
            write(place, as_text(result))

    def died(self, job: Job) -> Path:
        """Keep the file of a job that nobody could do; where it is."""
        return write(self.path / "deadly" / f"{job.id}.json", as_text(job))

    def _job(self, job: Job) -> Path:
        return self.path / "jobs" / f"{job.id}.json"


@define(eq=False)
class Deadlines:
    """Until which job there was time: for searching, and for settling. It is written down for a head that begins anew."""

    folder: Path
    _from: dict[str, int] = field(init=False)

    @_from.default
    def _read(self) -> dict[str, int]:
        try:
            return {key: int(value) for key, value in json.loads(self._place.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, AttributeError):
            return {}

    @property
    def _place(self) -> Path:
        return self.folder / "deadlines.json"

    def passed(self, what: str, number: int, *, up: bool) -> bool:
        """Whether the time was up for the job of that number; `up`: it is by now."""
        if what not in self._from and up:
            self._from[what] = number
            write(self._place, json.dumps(self._from) + "\n")
        return number >= self._from.get(what, number + 1)
