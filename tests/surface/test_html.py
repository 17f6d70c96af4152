"""The HTML report, in a real browser and as text: it needs nothing else, shows no error, and fits narrow and wide screens."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.report.files import save
from churn.report.html import html
from churn.report.sequences import sequences
from churn.report.summary import summarise
from churn.report.values import Account, Kept, Summary
from churn.session.trace import Trace, written

MOST_BYTES = 5_000_000
STEPS = 20_000
MOST_MILLISECONDS = 2_000
"""Until something of a page is seen, on a busy machine."""
SECONDS = 60
"""Real seconds after which a browser is given up: it needs about one."""
PROBE = """<script>
const found = {};
found.width = innerWidth;
found.beyond = document.documentElement.scrollWidth - innerWidth;
found.dark = matchMedia("(prefers-color-scheme: dark)").matches;
found.back = getComputedStyle(document.body).backgroundColor;
const step = document.querySelector("[data-panel='panel-1']");
step.focus();
found.focused = document.activeElement === step;
found.panel = document.getElementById(step.dataset.panel).textContent;
const spot = [...document.querySelectorAll("g.spot")].find(one => one.dataset.name === "running");
spot.dispatchEvent(new Event("focus"));
found.ways = document.getElementById("ways").textContent;
found.chosen = document.querySelectorAll("path.way.on").length;
const second = document.getElementById("heat2");
second.checked = true;
found.sheets = [...document.querySelectorAll(".sheet")].map(one => getComputedStyle(one).display);
found.nameless = [...document.querySelectorAll("button, a, summary")].filter(one => !one.textContent.trim()).length;
const links = [...document.querySelectorAll("a[href^='#']")];
found.lost = links.filter(one => !document.querySelector(one.getAttribute("href"))).length;
document.querySelector("[data-copy^='markdown']").click();
found.copied = document.getElementById("markdown-1").value;
document.getElementById("all").open = true;
setTimeout(() => {
  found.offered = [...document.querySelectorAll("#which option")].map(one => one.textContent);
  const done = [...document.querySelectorAll("#lanes-all button")];
  done.at(-1).focus();
  found.all = document.getElementById("panel-all").textContent;
  found.heads = [...document.querySelectorAll("#lanes-all .label")].map(one => one.textContent);
  const wrong = document.getElementById("only-wrong");
  wrong.checked = false;
  wrong.dispatchEvent(new Event("change"));
  found.unchecked = document.querySelectorAll("#which option").length;
  found.hint = document.getElementById("hint").textContent;
  parent.postMessage(JSON.stringify(found), "*");
}, 300);
</script></body>"""
PAINTED = """<script>
new PerformanceObserver(seen => console.log(`painted after ${Math.round(seen.getEntries()[0].startTime)} ms`))
  .observe({type: "paint", buffered: true});
</script></body>"""
FRAME = """<!doctype html><html style="color-scheme: light dark"><iframe src="probed.html" style="width: {width}px; height: 900px"
frameborder="0"></iframe><script>
addEventListener("message", told => {{
  const shown = document.createElement("pre");
  shown.id = "probe";
  shown.textContent = told.data;
  document.body.append(shown);
}});
</script></html>"""
"""A page with the report in a frame: a browser's own window has a least width."""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CHURN_REQUIRE_BROWSER") == "1":
            pytest.fail("CHURN_REQUIRE_BROWSER=1, but there is no chromium on PATH: apt-get install chromium")
        pytest.skip("there is no chromium on PATH")
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run's trace and report are."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def campaign(place: Path) -> tuple[Trace, Account]:
    """A small run of a manager with a bug: its trace, and its account."""
    head = {"manager": "reference", "engine": "emulated", "seed": 0, "when": "today", "command": "churn run"}
    with assembled(Target(defects=("leaves-container",))) as whole, written(place / "trace.jsonl", head) as trace:
        found = Campaign(assembled=whole, plan=Plan(operations=400, searching=False), trace=trace)
        found.run()
        found.coverage.count(found.trace)
        return found.trace, found.account(1.5)


@pytest.fixture(scope="module")
def folder(campaign: tuple[Trace, Account], place: Path) -> Path:
    """The report of that run."""
    kept = Kept(
        reproducer="r.json", replay="churn replay r.json", test="# a test", script="r.sh", script_text="# a script"
    )
    trace, account = campaign
    save(summarise(trace, evolve(account, kept=(kept,) * len(account.bugs))), place)
    return place


def looked_at(chromium: str, page: Path, tmp_path: Path, width: int, *options: str) -> tuple[dict[str, Any], list[str]]:
    """What the probe found on the page, and what stood on the console."""
    probed, frame = tmp_path / "probed.html", tmp_path / "frame.html"
    probed.write_text(page.read_text(encoding="utf-8").replace("</body>", PROBE), encoding="utf-8")
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    words = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += [f"--user-data-dir={tmp_path / 'browser'}", "--virtual-time-budget=3000", *options, "--dump-dom"]
    done = subprocess.run([*words, frame.as_uri()], capture_output=True, text=True, timeout=SECONDS, check=True)
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stderr
    return json.loads(unescape(found[1])), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize(("width", "dark"), [(400, False), (400, True), (1400, False), (1400, True)])
def test_it_works_on_narrow_and_wide_screens_light_and_dark(
    chromium: str, folder: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    scheme = [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    found, console = looked_at(chromium, folder / "report.html", tmp_path, width, "--window-size=1500,1000", *scheme)
    assert console == []
    assert found["width"] == width
    assert found["beyond"] <= 0, "only its own parts scroll sideways, never the page"
    assert found["dark"] is dark
    assert (found["back"] == "rgb(255, 255, 255)") is not dark
    assert found["focused"]
    assert "$ churn reference --db PATH create service-a" in found["panel"]
    assert found["ways"].startswith("From: running\nto: ")
    assert found["chosen"] > 0
    assert found["sheets"].count("block") == 1
    assert found["sheets"][1] == "block"
    assert (found["nameless"], found["lost"]) == (0, 0)
    assert found["hint"].startswith(("Copied: ", "Could not copy: "))
    assert found["copied"].startswith("### Bug 1: When ")
    assert len(found["offered"]) < found["unchecked"]
    assert all("something wrong" in one for one in found["offered"])
    assert found["heads"][:3] == ["operation", "the manager says", "container a#1"]
    assert "WRONG: expected no container but those of running services" in found["all"]


def test_it_needs_no_other_file_and_no_network(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<(?:script|img|iframe)[^>]*\ssrc=|@import|url\((?!#)", page)
    assert set(re.findall(r'<link[^>]*href="([^"]*)"', page)) == {"data:,"}


def test_each_criterion_has_two_verdicts_and_leads_to_its_bugs(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    tiles = re.findall(r'<li class="tile.*?</li>', page, re.DOTALL)
    assert len(tiles) == 5
    assert all("five cycles" in tile and "explored" in tile for tile in tiles)
    failing = [tile for tile in tiles if "is-FAIL" in tile]
    assert failing
    assert all('href="#bug-' in tile for tile in failing)


def test_what_others_said_is_text_and_no_markup(campaign: tuple[Trace, Account]) -> None:
    trace, account = campaign
    summary: Summary = summarise(trace, account)
    evil = "</pre><script>alert(1)</script>\x1b[2J\u202e"
    bug = evolve(summary.bugs[0], actual=evil, sentence=evil, command=evolve(summary.bugs[0].command, output=evil))
    page = html(evolve(summary, bugs=(bug,), head={**summary.head, "command": evil}, unexpected=(evil,)))
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.fixture(scope="module")
def packed(place: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Every sequence of the run again and again, each time on other ports: what repeats is kept once, and the rest is cut."""
    head, *lines = (place / "trace.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    steps = sum(line.startswith('{"line": "begin"') for line in lines)
    trace = tmp_path_factory.mktemp("long") / "trace.jsonl"
    with trace.open("w", encoding="utf-8") as sink:
        sink.write(head)
        for number in range(STEPS // steps + 1):
            sink.write("".join(lines).replace("2000", str(3000 + number)))
    return sequences(trace)


@pytest.fixture(scope="module")
def long_page(campaign: tuple[Trace, Account], packed: str) -> str:
    """The page of a run of so many steps."""
    trace, account = campaign
    others = [run for run in trace.runs if run.part != "five-cycle"]
    times = STEPS // sum(len(run.records) for run in others) + 1
    long = Trace(trace.head, [run for run in trace.runs if run.part == "five-cycle"] + others * times)
    assert sum(len(run.records) for run in long.runs) > STEPS
    return html(summarise(long, account), packed)


def test_a_long_run_makes_no_large_page(long_page: str, packed: str) -> None:
    assert json.loads(packed)["sequences"]
    assert len(packed.encode()) < MOST_BYTES / 2
    assert len(long_page.encode()) < MOST_BYTES


def test_a_long_run_is_soon_on_the_screen(chromium: str, long_page: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(long_page.replace("</body>", PAINTED), encoding="utf-8")
    words = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    words += [f"--user-data-dir={tmp_path / 'browser'}", f"--screenshot={tmp_path / 'page.png'}"]
    done = subprocess.run([*words, page.as_uri()], capture_output=True, text=True, timeout=SECONDS, check=True)
    found = re.search(r'"painted after (\d+) ms"', done.stderr)
    assert found is not None, done.stderr
    assert int(found[1]) < MOST_MILLISECONDS


def test_what_stands_in_a_trace_is_text_and_no_markup(tmp_path: Path, campaign: tuple[Trace, Account]) -> None:
    trace = tmp_path / "trace.jsonl"
    evil = "</script><script>alert(1)</script>"
    lines = [
        {"line": "head", "churn": "trace", "format": 3},
        {"line": "sequence", "n": 1, "part": evil, "naming": "plain", "services": ["a"]},
        {"line": "begin", "n": 1, "t": 0.0, "client": 0, "do": evil, "pace": "calm"},
        {"line": "end", "n": 1, "t": 0.0, "outcome": "rejected", "took": 0.1, "verdict": "pass", "error": evil},
    ]
    trace.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    page = html(summarise(*campaign), sequences(trace))
    assert "alert(1)" in page
    assert "<script>alert" not in page
