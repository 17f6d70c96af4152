"""Two runs beside each other: which bugs are new, which are gone, which stay. Bugs are known again by what they look like."""

from attrs import evolve, frozen

from churn.report.values import BugReport, Summary


@frozen(kw_only=True)
class Compared:
    """The bugs of a later run that an earlier one does not have, those that it no longer has, and those of both."""

    new: tuple[BugReport, ...]
    gone: tuple[BugReport, ...]
    staying: tuple[BugReport, ...]


def compared(old: Summary, new: Summary) -> Compared:
    """The later run, `new`, held against the earlier one."""
    return Compared(
        new=tuple(bug for bug in new.bugs if not _has(old, bug)),
        gone=tuple(bug for bug in old.bugs if not _has(new, bug)),
        staying=tuple(bug for bug in new.bugs if _has(old, bug)),
    )


def accepting(summary: Summary, baseline: Summary | None) -> Summary:
    """The same with the bugs that the baseline has marked as accepted."""
    if baseline is None:
        return summary
    return evolve(summary, bugs=tuple(evolve(bug, accepted=_has(baseline, bug)) for bug in summary.bugs))


def _has(summary: Summary, bug: BugReport) -> bool:
    return any(_is_one(bug, other) for other in summary.bugs)


def _is_one(one: BugReport, other: BugReport) -> bool:
    """Whether they are one bug. Where it is not known what one looks like, its name decides."""
    if one.likeness is None or other.likeness is None:
        return one.title == other.title
    return one.likeness.is_like(other.likeness)
