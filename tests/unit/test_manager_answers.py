"""What stands in the place of an answer: in words, and byte by byte."""

import pytest

from churn.system.managers.answers import as_evidence, unlike_json

ONE = '[{"name": "a"}]'


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("", "nothing"),
        (" \n\t", "nothing"),
        ("no services\n", "no JSON"),
        ("7 services", "no JSON"),
        ("[info] up", "no JSON"),
        (f"{ONE}\n{ONE}\n", "more than one JSON document"),
        (f"{ONE}{{}}", "more than one JSON document"),
        (f"WARNING: slow\n{ONE}\n", "other text before the JSON document"),
        (f"[info] up\n\n{ONE}", "other text before the JSON document"),
        (f"{ONE}\ndone\n", "other text after the JSON document"),
        (ONE[:-2], "JSON that is broken off, or spelled wrong"),
        ("{'name': 'a'}", "JSON that is broken off, or spelled wrong"),
        ("[" * 100_000, "JSON that is broken off, or spelled wrong"),
        (ONE, "JSON of another shape"),
    ],
)
def test_what_came_in_place_of_a_json_document_is_told_in_words(printed: str, told: str) -> None:
    assert unlike_json(printed) == told


def test_evidence_has_each_byte_and_their_number() -> None:
    assert as_evidence(b"") == "stdout, 0 bytes: b''"
    assert as_evidence(b"\xff\\xff\x1b[1m\n") == r"stdout, 10 bytes: b'\xff\\xff\x1b[1m\n'"
    assert as_evidence(b"", b"no\n") == "stdout, 0 bytes: b''\nstderr, 3 bytes: b'no\\n'"


def test_evidence_of_much_says_how_much_is_left_out() -> None:
    told = as_evidence(b"a" * 300 + b"b" * 700 + b"c" * 100)
    assert told == f"stdout, 1100 bytes: {b'a' * 300!r} … [700 bytes left out] … {b'c' * 100!r}"
