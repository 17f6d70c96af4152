"""The report as SARIF 2.1.0, in which scanners tell their results: a rule for each invariant, a result for each bug."""

import json
from typing import Any

from churn.lifecycle.invariants import Severity, named
from churn.report.markdown import bug_as_markdown
from churn.report.values import BugReport, Summary

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL.value: "error",
    Severity.HIGH.value: "error",
    Severity.MEDIUM.value: "warning",
    Severity.LOW.value: "note",
}


def sarif(summary: Summary) -> str:
    """The JSON document. A bug that a baseline has is a result that is suppressed."""
    names = list(dict.fromkeys(bug.invariant for bug in summary.bugs))
    run = {
        "tool": {
            "driver": {
                "name": "churn",
                "version": str(summary.head.get("version", "")),
                "rules": list(map(_rule, names)),
            }
        },
        "invocations": [
            {"executionSuccessful": not summary.faults, "commandLine": str(summary.head.get("command", ""))}
        ],
        "results": [_result(place, bug, names) for place, bug in enumerate(summary.bugs, 1)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str) -> dict[str, Any]:
    invariant = named(name)
    says = invariant.says.replace("{service}", "a service") if invariant is not None else name
    fix = invariant.advice.fix if invariant is not None else ""
    return {"id": name, "shortDescription": {"text": says or name}, "help": {"text": fix or says or name}}


def _result(place: int, bug: BugReport, names: list[str]) -> dict[str, Any]:
    where = bug.kept.reproducer if bug.kept is not None else "report.md"
    look = bug.likeness
    known = (
        [look.invariant, look.operation, look.condition, look.expected, look.seen] if look is not None else [bug.title]
    )
    return {
        "ruleId": bug.invariant,
        "ruleIndex": names.index(bug.invariant),
        "level": _LEVELS.get(bug.severity, "error"),
        "message": {"text": bug.sentence, "markdown": bug_as_markdown(bug, place)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": where}, "region": {"startLine": 1}}}],
        "partialFingerprints": {"churn/v1": " | ".join(known)},
        **({"suppressions": [{"kind": "external", "justification": "known by the baseline"}]} if bug.accepted else {}),
    }
