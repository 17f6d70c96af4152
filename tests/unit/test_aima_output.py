"""What AIMA prints is read whatever else is printed with it, and nothing that it prints can break its reader."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aima_text import (
    ASYNC,
    CREATED,
    DONE,
    MODEL,
    OPENING,
    PROGRESS,
    SERVICE,
    STATUS,
    USAGE,
    failure,
    listing,
    row,
    shown,
)

from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.system.clock import RealClock
from churn.system.managers.aima import Aima, AimaSettings, driver as module, output
from churn.system.managers.aima.output import Row, UnreadableOutput
from churn.system.managers.answers import as_evidence
from churn.system.process import Finished, text

# -- each shape of stdout ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "count"),
    [
        (shown({"version": "1"}), 1),
        (CREATED, 2),
        (f"{PROGRESS}{DONE}{shown({'success': True})}", 2),
        (f"{DONE}  [load] late\n{shown({'success': True})}  [ready] later still\n", 2),
        (f"{DONE}{shown({'success': True})}\n", 2),
        (ASYNC, 2),
        ('{"a": 1}{"b": 2} {"c": 3}', 3),
        (PROGRESS, 0),
        ("", 0),
        ("name  web\nservices  []\n", 0),
        ("services:\n    - id: x\ntotal: 1\n", 0),
        ("\x02\x00\x00\x00\x00\x00\x00\x0dfrom a server\n", 0),
        ("Cleaned 0 of 0.\n", 0),
        ("a {not json}\n{not json either}\n", 0),
        (f"{{\n{shown({'a': 1})}", 1),
    ],
)
def test_documents_are_found_among_other_text(printed: str, count: int) -> None:
    assert len(output.documents(printed)) == count


def test_a_document_that_is_cut_short_is_none() -> None:
    whole = shown({"services": [row()], "total": 1})
    assert [len(output.documents(whole[:length])) for length in (len(whole) - 1, len(whole))] == [0, 1]


def test_ids_are_read_beside_a_message() -> None:
    assert output.model_id(shown({"model_id": MODEL})) == MODEL
    assert output.service_id(CREATED) == SERVICE


def test_services_are_read_with_their_words_and_ports() -> None:
    other = row("failed", 8001, "model-99999999")
    assert output.services(listing()) == ()
    assert output.services(listing(row("creating"), other)) == (
        Row(SERVICE, MODEL, "creating", 8000),
        Row("svc-tts-model-99999999", "model-99999999", "failed", 8001),
    )
    assert output.service(STATUS) == Row(SERVICE, MODEL, "stopped", 8000)
    for nothing in ([], None):
        assert output.services(listing({**row(), "endpoints": nothing}))[0].port is None


def test_further_keys_are_no_matter() -> None:
    told = {"metrics": {"requests": 0}, "active_replicas": 0, **row("paused")}
    assert output.service(shown(told)) == Row(SERVICE, MODEL, "paused", 8000)


@pytest.mark.parametrize("printed", [DONE, f"{PROGRESS}{DONE}{shown({'success': True})}", ASYNC])
def test_what_says_that_it_succeeded_is_accepted(printed: str) -> None:
    output.accepted(printed)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        PROGRESS,
        USAGE,
        shown({"message": "it is done"}),
        shown({"success": "true"}),
        f"{DONE}{shown({'success': False})}",
        "it is done\nsuccess  true\n",
    ],
)
def test_what_does_not_say_so_is_not(printed: str) -> None:
    with pytest.raises(UnreadableOutput, match="expected a JSON object with 'success', which is true, got "):
        output.accepted(printed)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("", "one JSON object with 'services'"),
        (USAGE, "one JSON object with 'services'"),
        (f"{listing()}\n{listing()}", "one JSON object with 'services'"),
        ("services  []\ntotal  0\n", "one JSON object with 'services'"),
        (shown({"services": None}), "a list as 'services'"),
        (shown({"services": {}}), "a list as 'services'"),
        (shown({"services": ["a"]}), "an object for each entry of the list"),
        (listing({**row(), "id": 7}), "an id as 'id'"),
        (listing({**row(), "id": "--force"}), "an id as 'id'"),
        (listing({**row(), "model_id": "a\0b"}), "an id as 'model_id'"),
        (listing({key: value for key, value in row().items() if key != "model_id"}), "an id as 'model_id'"),
        (listing(row("\ud800")), "a word as 'status'"),
        (listing({**row(), "status": True}), "a word as 'status'"),
        (listing({**row(), "endpoints": "http://localhost:8000"}), "a list as 'endpoints'"),
        (listing({**row(), "endpoints": False}), "a list as 'endpoints'"),
        (listing({**row(), "endpoints": [8000]}), "endpoints such as http://localhost:8000"),
        (listing(row(port=0)), "endpoints such as http://localhost:8000"),
        (listing(row(port=65536)), "endpoints such as http://localhost:8000"),
        ("[" * 100_000, "one JSON object with 'services'"),
        ('{"services":' * 100_000, "one JSON object with 'services'"),
        ('{"services": ' + "9" * 10_000, "one JSON object with 'services'"),
    ],
)
def test_a_list_that_cannot_be_used_says_what_was_expected_and_what_came(printed: str, expected: str) -> None:
    with pytest.raises(UnreadableOutput) as caught:
        output.services(printed)
    assert str(caught.value).startswith(f"expected {expected}, got ")
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("", "nothing"),
        (PROGRESS, "no JSON"),
        (f"{listing()}\n{listing()}", "more than one such object"),
        (shown({"total": 0}), "JSON of another shape"),
        (listing()[:-3], "JSON that is broken off, or spelled wrong"),
        (listing({**row(), "id": 7}), "JSON of another shape"),
    ],
)
def test_what_came_instead_of_a_list_is_told_in_words_that_stay_the_same(printed: str, told: str) -> None:
    with pytest.raises(UnreadableOutput) as caught:
        output.services(printed)
    assert caught.value.garbled.printed == told


# -- each shape of stderr ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (OPENING + failure("BROKEN: it broke\ndetails: start it: the engine said no"), "start it: the engine said no"),
        (OPENING + failure("BROKEN: it broke"), "BROKEN: it broke"),
        (OPENING + failure("there is none such: x"), "there is none such: x"),
        (f'{OPENING}Error: required flag(s) "model" not set\n{USAGE}', 'required flag(s) "model" not set'),
        (f"{OPENING}Error: unknown command\nSee 'aima --help'.\n", "unknown command See 'aima --help'."),
        (f"Error: the settings cannot be read: line 2\n{USAGE}", "the settings cannot be read: line 2"),
        (f"{OPENING}Error: BROKEN: it broke\ndetails: the cause\nError: it failed\n{USAGE}", "the cause"),
        (f"{OPENING}panic: a nil was followed\n\ngoroutine 1 [running]:\nmain.main()\n", "panic: a nil was followed"),
        (f'{OPENING}{{\n  "error": {{\n    "message": "cut sh', '"message": "cut sh'),
        (f"{OPENING}{shown({'error': 'no object'})}\nError: it failed\n", "it failed"),
        (f"{OPENING}{shown({'error': {'message': 5}})}\nError: it failed\n", "it failed"),
        ("something else\n\n", "something else"),
        (OPENING, ""),
        ("", ""),
    ],
)
def test_the_reason_of_a_failure_is_the_cause_that_it_tells(stderr: str, reason: str) -> None:
    assert output.complaint(stderr) == reason


def test_a_reason_is_a_line_that_any_file_can_hold() -> None:
    reason = output.complaint(failure("X: y\ndetails: of\n two\tlines \ud800 " + "x" * 1000))
    assert reason.encode()
    kept, _, left = reason.partition("… ")
    assert kept.startswith(r"of two lines \ud800 xxx")
    assert left == f"[{1000 - kept.count('x')} characters left out]"


def test_a_warning_is_found_by_its_words() -> None:
    warned = '2031/02/03 04:05:06 WARN the store is gone, trying memory error="x"\n'
    assert output.warning(OPENING + warned + OPENING, "store is gone") == 'the store is gone, trying memory error="x"'
    assert output.warning(warned.replace("WARN", "INFO"), "store is gone") == ""
    assert output.warning("the store is gone\n", "store is gone") == ""


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_evidence_is_all_that_was_printed_but_what_says_so() -> None:
    log = f"2031/02/03 04:05:07 WARN it failed logs={'x' * 600}\n"
    found = output.shortened(f"{PROGRESS}{DONE}", OPENING + log + failure("BROKEN: it broke"))
    assert found.startswith("  [pull] looking\n")
    for line in (
        *PROGRESS.splitlines(),
        '"message": "it is done"',
        '"message": "BROKEN: it broke"',
        "Error: it went wrong",
    ):
        assert line in found
    assert "\n2031/02/03 04:05:06 [4 log lines of its opening left out]\n2031/02/03 04:05:07 WARN it failed" in found
    kept = re.search(r"logs=(x+)… \[(\d+) characters left out\]\n", found)
    assert kept is not None
    assert len(kept[1]) + int(kept[2]) == 600
    assert found.endswith("[6 lines on how it is used left out]")


@pytest.mark.parametrize("stderr", ["Error: no\n", "", OPENING.splitlines(keepends=True)[0]])
def test_where_nothing_is_noise_nothing_is_left_out(stderr: str) -> None:
    assert ("left out" in output.shortened(DONE, stderr)) == stderr.startswith("2031")


# -- whatever it prints -----------------------------------------------------------------------------------------------

ROUNDS = 10_000

_LONG = f"{OPENING}2031/02/03 04:05:07 WARN it ended logs={'.' * 800}\n"
_SUCCEEDING = {
    "list": (listing(row(), row("failed", 8001, "model-99999999")), OPENING),
    "status": (STATUS, OPENING),
    "start": (f"{PROGRESS}{DONE}{shown({'success': True})}", _LONG),
    "stop": (DONE, OPENING),
    "create": (CREATED, OPENING),
}
_FAILING = {
    "list": ("", OPENING + failure("BROKEN: it broke")),
    "status": ("", OPENING + failure("BROKEN: it broke")),
    "start": (PROGRESS * 3, _LONG + failure(f"BROKEN: it broke\ndetails: start {SERVICE}: no")),
    "stop": ("", f"{OPENING}panic: a nil was followed\n\ngoroutine 1 [running]:\n"),
    "create": ("", f"{OPENING}Error: it takes one word\n{USAGE}"),
}
_PIECES = (
    b"{", b"}", b"[", b"]", b'"', b"\\", b"\n", b"\0", b"\xff\xfe", b"null", b"true", b"-1", b"1e999", b"NaN", b"{}",
    b'{"success": false}', b'{"services": []}', b'"status": 3,', b"http://localhost:99999", b"\\ud800", "\u2028\u00e9".encode(),
    b"9" * 5000, b"[" * 3000, b"Usage:\n", b"Error: ", b"\ndetails: ", b"2031/02/03 04:05:06 WARN \n",
)  # fmt: skip


def mutated(dice: random.Random, printed: bytes) -> bytes:
    """The same with one to four things wrong: cut, flipped, inserted, dropped, repeated, of another type."""
    for _ in range(dice.randint(1, 4)):
        place, end = sorted((dice.randint(0, len(printed)), dice.randint(0, len(printed))))
        match dice.randrange(7):
            case 0:
                printed = printed[:end]
            case 1 if end:
                printed = printed[: end - 1] + bytes([printed[end - 1] ^ 1 << dice.randrange(8)]) + printed[end:]
            case 2:
                printed = printed[:place] + dice.choice(_PIECES) + printed[place:]
            case 3:
                lines = printed.splitlines(keepends=True)
                lines.insert(dice.randint(0, len(lines)), dice.choice(_PIECES) + b"\n")
                printed = b"".join(lines)
            case 4:
                lines = printed.splitlines(keepends=True)
                printed = b"".join(line for line in lines if dice.random() < 0.9)
            case 5:
                printed = printed[:place] + printed[end:]
            case _:
                old = dice.choice((b"{", b"}", b'"', b"true", b"[", b"8000", b"running", b",", b":"))
                printed = printed.replace(old, dice.choice(_PIECES), 1)
    return printed


@pytest.fixture
def aima(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aima]:
    """A driver that knows a service, and whose commands print and end as `said` tells."""
    made = Aima(tmp_path / "aima", AimaSettings(), {}, "unix:///none", RealClock(), "")
    made._models["web"], made._names[MODEL], made._services["web"] = MODEL, "web", SERVICE
    yield made
    monkeypatch.undo()


def answer(aima: Aima, kind: str) -> Outcome:
    match kind:
        case "list":
            return aima.list()
        case "create":
            return aima.create("web", "/folder")
    found: Outcome = getattr(aima, kind)("web")
    return found


def test_whatever_is_printed_there_is_an_outcome_and_nothing_of_it_is_lost(
    aima: Aima, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(20310203)  # noqa: S311 -- to be repeatable, not secret
    counted: dict[type[Outcome], int] = {Ok: 0, Rejected: 0, Unknown: 0}
    for _ in range(ROUNDS):
        kind, fails = dice.choice(sorted(_SUCCEEDING)), dice.random() < 0.3
        said = (_FAILING if fails else _SUCCEEDING)[kind]
        stdout, stderr = (text(mutated(dice, one.encode())) for one in said)

        def run(
            argv: tuple[str, ...], *, out: str = stdout, err: str = stderr, bad: bool = fails, **_: object
        ) -> Finished:
            docker = argv[0] == "docker"
            return Finished(argv, 0 if docker else int(bad), "" if docker else out, "" if docker else err)

        monkeypatch.setattr(module, "run", run)
        outcome = answer(aima, kind)
        counted[type(outcome)] += 1
        check(outcome, fails, stdout, stderr)
    assert min(counted.values()) > ROUNDS / 10, counted


def check(outcome: Outcome, fails: bool, stdout: str, stderr: str) -> None:
    assert isinstance(outcome, Rejected) == fails
    assert outcome.evidence.output.encode() is not None
    match outcome:
        case Rejected():
            assert outcome.reason
            assert outcome.reason.encode()
            assert "\n" not in outcome.reason
        case Unknown():
            assert outcome.reason.startswith("unreadable: expected ")
            assert ", got " in outcome.reason
            assert not outcome.overran
            assert outcome.evidence.output == as_evidence(stdout.encode(), stderr.encode())
        case Ok():
            for entry in outcome.listed or ():
                assert entry.service
                assert entry.word.isprintable()
                assert entry.port is None or 0 < entry.port < 65536


def test_bytes_that_are_no_text_are_still_told_apart(aima: Aima, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = b'{"services": [{"id": "\xff\x80"}]}'

    def run(argv: tuple[str, ...], **_: object) -> Finished:
        return Finished(argv, 0, text(printed), "", printed)

    monkeypatch.setattr(module, "run", run)
    outcome = aima.list()
    assert isinstance(outcome, Unknown)
    assert r"\xff\x80" in outcome.evidence.output
