"""Patterns of users: they mean what they mean to `re`, and take no longer than they may."""

import re

import pytest

from churn.errors import EnvironmentFault
from churn.lifecycle import patterns
from churn.lifecycle.patterns import BadPattern, Pattern, TooSlow, fits
from churn.system.managers.command.reading import Reading, Text

SLOW, MEETS = "(a+)+b", "a" * 5000


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LIMIT", 0.05)


@pytest.mark.parametrize("method", ["fullmatch", "search", "finditer", "sub"])
def test_one_that_takes_too_long_is_a_fault_of_the_surroundings_and_says_which(method: str) -> None:
    words = ("x", MEETS) if method == "sub" else (MEETS,)
    with pytest.raises(TooSlow, match=r"expected the pattern '\(a\+\)\+b' to be matched within 0\.05 s") as caught:
        getattr(Pattern(SLOW), method)(*words)
    assert isinstance(caught.value, EnvironmentFault)


@pytest.mark.parametrize("text", ["(", "(?P<a>x)(?P<a>y", "a{2", "[z-a]", "x" * 5000])
def test_what_is_no_pattern_says_so(text: str) -> None:
    try:
        re.compile(text)
    except re.error:
        with pytest.raises(BadPattern):
            Pattern(text)
    else:
        assert len(text) > 4096 or Pattern(text).pattern == text


def test_lines_begin_anywhere() -> None:
    found = Pattern(r"^(?P<service>\S+) +(?P<status>\w+)$").finditer("a running\nb stopped\n")
    assert [one["service"] for one in found] == ["a", "b"]


def test_the_whole_text_has_to_fit() -> None:
    assert fits("web-.*", "web-1")
    assert not fits("web", "web-1")


def test_a_list_that_a_pattern_cannot_be_held_against_is_no_bug_of_the_managers() -> None:
    with pytest.raises(TooSlow):
        Reading(Text(Pattern(SLOW))).entries(MEETS)


@pytest.mark.parametrize(
    "pattern", [r"\d{9999999}", "((a{300}){300}){3}", r"(\)[)]{9}){9999}", "a{" + "9" * 4000 + "}"]
)
def test_an_expression_that_is_long_when_it_is_written_out_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="with its repetitions written out it is longer than 20000 characters"):
        Pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"[0-9a-f]{64} ([0-9a-f]{8}-){4}x{2}", f"{'a' * 64} {'12345678-' * 4}xx"),
        (r"a{1,9999999}\{3}(b{1000}|c){3}", "aaa{3}ccc"),
        ("[({]{2}", "(("),
    ],
)
def test_repetitions_as_people_write_them_are_fine(pattern: str, text: str) -> None:
    assert fits(pattern, text)
