"""The report as JUnit XML: a test case for each success criterion, and one for each bug."""

from collections.abc import Iterator

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from churn.report.markdown import bug_as_markdown
from churn.report.values import Criterion, Mark, Summary
from churn.visible import visible

Outcome = Failure | Error


def junit(summary: Summary) -> str:
    """The XML document. A bug that a baseline has is a skipped case."""
    suite = TestSuite(f"churn: {summary.head['manager']} on {summary.head['engine']}")
    for name in ("command", "seed", "version", "when"):
        suite.add_property(name, visible(str(summary.head.get(name, ""))))
    for case in (*_criteria(summary), *_bugs(summary)):
        suite.add_testcase(case)
    whole = JUnitXml("churn")
    whole.add_testsuite(suite)
    whole.update_statistics()
    suite.time = whole.time = round(summary.times.total, 3)
    return str(whole.tostring().decode("utf-8"))


def _criteria(summary: Summary) -> Iterator[TestCase]:
    for one in summary.criteria:
        case = TestCase(f"criterion {one.number}: {one.text}", "churn.criteria", 0.0)
        why = visible("\n".join(one.reasons))
        if one.mark is Mark.FAIL:
            case.result = [
                _failed(one, why) if not _is_accepted(summary, one) else Skipped("only by bugs that are known")
            ]
        elif one.mark is Mark.UNKNOWN:
            case.result = [_with(Error("it could not be told", "unknown"), why)]
        yield case


def _failed(one: Criterion, why: str) -> Outcome:
    bugs = f"because of bug {', '.join(map(str, one.bugs))}" if one.bugs else "it failed"
    return _with(Failure(bugs, "criterion"), why)


def _is_accepted(summary: Summary, one: Criterion) -> bool:
    return bool(one.bugs) and all(summary.bugs[place - 1].accepted for place in one.bugs)


def _bugs(summary: Summary) -> Iterator[TestCase]:
    for place, bug in enumerate(summary.bugs, 1):
        case = TestCase(f"bug {place}: {visible(bug.sentence)}", f"churn.bugs.{bug.invariant}", 0.0)
        told = visible(bug.sentence)
        if bug.accepted:
            case.result = [Skipped(f"known by the baseline: {told}")]
        else:
            case.result = [_with(Failure(told, bug.invariant), visible(bug_as_markdown(bug, place)))]
        if bug.kept is not None:
            case.append(_properties(bug.kept.reproducer, bug.kept.replay))
        yield case


def _properties(reproducer: str, replay: str) -> Properties:
    found = Properties()
    found.add_property(Property("reproducer", reproducer))
    found.add_property(Property("replay", replay))
    return found


def _with(result: Outcome, text: str) -> Outcome:
    result.text = text
    return result
