"""What a manager or a file says is shown as text: it steers no terminal, and breaks out of no part of a report."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from attrs import evolve

from churn.lifecycle.outcome import Evidence
from churn.report.console import VisibleConsole
from churn.report.files import save
from churn.report.markdown import markdown
from churn.report.terminal import show
from churn.report.values import BugReport, Criterion, Kept, Mark, Summary, Times
from churn.visible import harmless_json, on_one_line, visible

STEERING = "\x1b]0;owned\x07\x1b[2J\x9b2J\r\x08\u202etxt.exe\ud800"
ESCAPING = f"seen\n```\n````\n# Not a heading\n![pixel](http://example.org/x)\n<script>alert(1)</script>\n`{STEERING}"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def hostile() -> Summary:
    """A summary in which each text that may come from elsewhere is as bad as can be."""
    shown = Evidence(ESCAPING, ESCAPING)
    bug = BugReport(
        title=ESCAPING,
        invariant="accepted",
        severity="high",
        scenario=(f"1. create {ESCAPING}",),
        naming="plain",
        said=ESCAPING,
        command=shown,
        expected=ESCAPING,
        actual=ESCAPING,
        look=ESCAPING,
        shown=(shown,),
        further=(ESCAPING,),
        symptoms=(ESCAPING,),
        cause="",
        fix="",
        count=1,
        parts=("tour",),
        sentence=ESCAPING,
        sure=ESCAPING,
        kept=Kept(reproducer=ESCAPING, replay=ESCAPING, test=ESCAPING, script=ESCAPING, script_text=ESCAPING),
    )
    return Summary(
        head={"manager": ESCAPING, "engine": ESCAPING, "seed": 0, "when": "today", "command": ESCAPING},
        mark=Mark.FAIL,
        criteria=(
            Criterion(
                number=1,
                text="it starts",
                mark=Mark.FAIL,
                looks=1,
                reasons=(ESCAPING,),
                evidence=(shown,),
                cycles=Mark.FAIL,
                explored=None,
            ),
        ),
        bugs=(bug,),
        times=Times(total=1, manager=1, own=0, waited=0, resets=0, virtual=False, operations=1, looks=1, kinds=()),
        unexpected=(ESCAPING,),
        faults=(ESCAPING,),
        covered=1,
        coverable=2,
        successive=0,
        successions=1,
        missed=(ESCAPING,),
        untried=(ESCAPING,),
    )


def test_control_characters_are_shown_and_not_sent_to_the_terminal() -> None:
    console = VisibleConsole(file=StringIO(), width=100, color_system=None)
    show(hostile(), console, Path("folder"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert HIDDEN.findall(text) == []
    assert "\\x1b]0;owned" in text


def test_a_line_without_an_end_does_not_fill_the_terminal() -> None:
    (bug,) = hostile().bugs
    endless = evolve(hostile(), bugs=(evolve(bug, shown=(Evidence("list", "begins" + 100_000 * "x" + "ends"),)),))
    console = VisibleConsole(file=StringIO(), width=100, color_system=None)
    show(endless, console, Path("folder"))
    text = "".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert len(text) < 10_000
    assert "begins" in text
    assert "99510" in text, "how many characters are left out"
    assert "ends" in text


def test_colours_stay() -> None:
    console = VisibleConsole(file=StringIO(), force_terminal=True, color_system="standard", highlight=False)
    console.print("[bold red]it fails[/] \x1b[2J")
    assert console.file.getvalue() == "\x1b[1;31mit fails\x1b[0m \\x1b[2J\n"  # type: ignore[attr-defined]


def outside_code(text: str) -> list[str]:
    """The lines of a Markdown document that are in no block of code, without what is code within them."""
    lines, fence = [], ""
    for line in text.splitlines():
        run = re.match("`{3,}$", line)
        if run and fence in ("", run[0]):
            fence = "" if fence else run[0]
        elif not fence:
            lines.append(re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert not fence, "a block of code that does not end"
    return lines


def test_no_text_breaks_out_of_its_place_in_the_report() -> None:
    text = markdown(hostile())
    assert HIDDEN.findall(text) == []
    plain = "\n".join(outside_code(text))
    assert not re.search(r"^# Not a heading", plain, re.MULTILINE)
    assert not re.search(r"(?<!\\)(<script|!?(?<!\\)\[pixel)", plain)
    assert [line for line in plain.splitlines() if line.startswith("## ")] == [
        "## Success criteria",
        "## Bugs",
        "## Time taken",
        "## Unexpected observations",
        "## Transition coverage",
    ]


def test_the_report_for_programs_says_the_same_with_nothing_hidden_in_it(tmp_path: Path) -> None:
    save(hostile(), tmp_path)
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert HIDDEN.findall(text) == []
    assert json.loads(text)["bugs"][0]["actual"] == ESCAPING


def test_no_text_becomes_part_of_the_page(tmp_path: Path) -> None:
    save(hostile(), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert HIDDEN.findall(page) == []


@pytest.mark.parametrize("text", ["", "plain", "two\nlines\tand a tab", "Größe 日本 🐳"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert harmless_json(json.dumps(text, ensure_ascii=False)) == json.dumps(text, ensure_ascii=False)


def test_ends_of_lines_of_other_systems_are_ends_of_lines() -> None:
    assert visible("one\r\ntwo\rthree") == "one\ntwo\\x0dthree"
    assert on_one_line("one\ntwo") == "one\\ntwo"
