"""What is done, in plain sentences: no word of Churn's own, whichever operation it is."""

import re

import pytest

from churn.lifecycle.operations import KINDS, Interrupt, InterruptAt, Operation
from churn.lifecycle.operations.faults import Calls, Disturb, Disturbance, Ending, Side
from churn.report.words import deed

EACH = [one for kind in KINDS.values() for one in kind.each(("a",))]
JARGON = re.compile(r"[a-z]-[a-z]|`|=|disturb|\bcall\b|phantom|healthy|behav")
"""What no sentence has: words with dashes as files and options have them, and words of the model."""


@pytest.mark.parametrize("operation", EACH, ids=str)
def test_every_operation_is_told_in_a_plain_sentence(operation: Operation) -> None:
    told = deed(operation, "a")
    assert len(told.split()) > 2
    assert not JARGON.search(told), told


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (
            Interrupt(2, Side.AFTER),
            "the manager is killed in the middle of its next operation, right after the second change that it makes",
        ),
        (
            Interrupt(5, Side.BEFORE, Ending.INT, Calls.ALL),
            (
                "the manager is interrupted (Ctrl-C) in the middle of its next operation, right before the 5th request that "
                "it sends to the container engine"
            ),
        ),
        (
            InterruptAt(30, Ending.TERM),
            (
                "the manager is asked to end (SIGTERM) in the middle of its next operation, after 30 % of the time that this "
                "usually takes"
            ),
        ),
        (
            Disturb(Disturbance.LOST_AFTER),
            "the container engine does what the manager asks for next, but its answer gets lost",
        ),
    ],
)
def test_interrupts_and_trouble_with_the_engine_are_told_by_what_happens(operation: Operation, told: str) -> None:
    assert deed(operation, "") == told
