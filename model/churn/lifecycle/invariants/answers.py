"""Criterion 3: whether what the manager says can be read at all."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Advice, Case, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.outcome import Unknown


def readable(case: Case) -> Iterator[Objection]:
    """A command that reports success prints the answer that is promised (JSON, say), the whole of it, and nothing else.

    What a command prints that reports an error is not looked at: that is a refusal.
    """
    answers = [(operation.kind, operation.service, outcome) for operation, outcome in case.answers]
    if case.listing is not None and case.listing is not case.outcome:
        answers.append(("list", None, case.listing))
    for command, service, outcome in answers:
        garbled = outcome.garbled if isinstance(outcome, Unknown) else None
        if garbled is not None:
            shown = Exhibit(Show.ANSWER, outcome.evidence.command)
            advice = _NOTHING if garbled.printed == NOTHING else None
            expected, seen = f"{command} prints {garbled.promised}", f"{command} printed {garbled.printed}"
            yield Objection(expected, seen, service, shown, advice=advice)


NOTHING = "nothing"
"""What was printed, where nothing was."""
_NOTHING = Advice(
    "a way through the command ends it early, without an answer: there is nothing to tell, or an error on the way is dropped",
    "print an empty list where there is nothing to tell, and end with an error code where there is no answer",
)
READABLE = Invariant(
    name="readable",
    says="the manager's answer cannot be read",
    criterion=3,
    check=readable,
    severity=Severity.MEDIUM,
    advice=Advice(
        "messages for people, such as warnings and progress, or the answer of a part of the command, go where the answer goes",
        "print the answer once, at the end, alone on standard output; let all other messages go to standard error",
    ),
    traits=frozenset({Trait.TOLD, Trait.BELATED}),
)
