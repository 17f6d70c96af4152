"""What a job did, step by step, as plain data: of what passed little more than a number, of what did not all that was seen."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from attrs import Factory, define, evolve, field, frozen

from churn.lifecycle.outcome import Ok, Outcome, Rejected
from churn.lifecycle.sequence import Naming
from churn.session.fingerprint import Fingerprint
from churn.session.run import Record, Run
from churn.session.verdict import Verdict


class Row(NamedTuple):
    """A step: the number of the pattern that it follows, and what is its own. All but `looks` are seconds of the job's clock."""

    pattern: int
    began: float
    ended: float
    took: float
    settled: float
    looks: int


@frozen(kw_only=True)
class Entry:
    """One sequence. `whole` are those of its steps of which all is kept, by their places; the others have rows."""

    part: str
    names: tuple[str, ...]
    naming: Naming = Naming.PLAIN
    met: tuple[Fingerprint, ...] = ()
    note: str = ""
    rows: tuple[Row, ...] = ()
    whole: Mapping[int, Record] = Factory(dict)


@frozen(kw_only=True)
class Logbook:
    """Sequences, and the patterns that their steps follow: the same few hundred come again and again."""

    patterns: tuple[Record, ...] = ()
    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, runs: Iterable[Run]) -> "Logbook":
        """What these sequences came to."""
        writer = _Writer()
        entries = tuple([writer.entry(run) for run in runs])
        return cls(patterns=tuple(writer.patterns), entries=entries)

    def runs(self, first: int) -> Iterator[Run]:
        """The sequences again; `first` is the number of their first step."""
        number = first
        for entry in self.entries:
            run = Run(part=entry.part, names=entry.names, naming=entry.naming, note=entry.note)
            run.met = dict.fromkeys(entry.met)
            rows = iter(entry.rows)
            for place in range(len(entry.rows) + len(entry.whole)):
                record = entry.whole[place] if place in entry.whole else self._record(next(rows))
                record.number = number
                run.records.append(record)
                number += 1
            yield run

    def _record(self, row: Row) -> Record:
        pattern = self.patterns[row.pattern]
        made = evolve(pattern, took=row.took, settled=row.settled, looks=row.looks)
        if pattern.outcome is not None:
            made.outcome = evolve(pattern.outcome, began=row.began, ended=row.ended)
        return made


@define
class _Writer:
    patterns: list[Record] = field(factory=list)
    _numbers: dict[tuple[object, ...], int] = field(factory=dict)

    def entry(self, run: Run) -> Entry:
        rows, whole = list[Row](), dict[int, Record]()
        for place, record in enumerate(run.records):
            if _is_plain(record):
                rows.append(self._row(record))
            else:
                whole[place] = record
        return Entry(part=run.part, names=run.names, naming=run.naming, met=tuple(run.met), note=run.note,
                     rows=tuple(rows), whole=whole)  # fmt: skip

    def _row(self, record: Record) -> Row:
        outcome = record.outcome
        reason = outcome.reason if isinstance(outcome, Rejected) else ""
        same = record.step, record.before, record.condition, record.sort, record.verdict, record.known, reason
        number = self._numbers.setdefault(same, len(self.patterns))
        if number == len(self.patterns):
            self.patterns.append(_pattern(record, Rejected(reason=reason) if isinstance(outcome, Rejected) else Ok()))
        began, ended = (outcome.began, outcome.ended - outcome.held) if outcome is not None else (0.0, 0.0)
        return Row(number, began, ended, record.took, record.settled, record.looks)


def _is_plain(record: Record) -> bool:
    """Whether nothing about the step is worth more than a row: it did what it had to, and nobody asked for what was seen."""
    seen = record.judgement or record.objections or record.doubts or record.strangers or record.slow or record.reason
    unusual = record.verdict in (Verdict.FAIL, Verdict.UNKNOWN) or not record.ended
    return not (seen or unusual) and isinstance(record.outcome, Ok | Rejected)


def _pattern(record: Record, outcome: Outcome) -> Record:
    return Record(number=0, step=record.step, before=record.before, condition=record.condition, sort=record.sort,
                  outcome=outcome, verdict=record.verdict, known=record.known, ended=True)  # fmt: skip
