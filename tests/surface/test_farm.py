"""A campaign in jobs from the command line: processes, a dask scheduler, going on with one, and failures that are shared."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from churn.assembly import Target
from churn.cli import jobs, line
from churn.farm.campaign import Farming
from churn.farm.job import Job, Kind, Part, Subject, as_text
from churn.farm.store import Store, opened
from churn.report.progress import Ticker
from churn.reproducers.file import load
from churn.reproducers.replay import replay
from churn.session.session import Session
from churn.shrink.bug import Bug

BROKEN = ("--defect", "stops-by-label", "--no-interrupts", "--max-operations", "700")
BUG = "undisturbed-stop-one-of-two"


def run(folder: Path, *words: str) -> int:
    return line(["run", "--report", str(folder), "--quiet", *words])


def report(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def bugs(folder: Path) -> list[str]:
    """Each bug's steps."""
    return ["; ".join(bug["scenario"]) for bug in report(folder)["bugs"]]  # type: ignore[attr-defined]  # JSON


def ended_with_their_parent(processes: list[psutil.Process]) -> None:
    assert processes
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def test_a_campaign_in_processes_has_a_whole_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, *BROKEN, "--jobs", "2") == 1
    told = report(tmp_path)
    assert bugs(tmp_path) == ["1. create a; 2. create b; 3. start a; 4. stop b"]
    workers = told["workers"]
    assert isinstance(workers, list)
    assert {tuple(sorted(one)) for one in workers} == {("failures", "jobs", "seconds", "steps", "worker")}
    assert sum(one["steps"] for one in workers) == told["times"]["operations"]  # type: ignore[index]  # JSON
    assert [one["mark"] for one in told["criteria"]].count("FAIL") == 1  # type: ignore[attr-defined]  # JSON
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert workers[0]["worker"] in page
    assert "Reproducer" not in capsys.readouterr().err
    reproducer = load(tmp_path / "reproducers" / f"{BUG}.json")
    with Session.over(Target(defects=("stops-by-label",))) as session:
        assert replay(reproducer, session).verdict.value == "FAILED"


def test_a_campaign_whose_head_was_killed_is_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(whole, *BROKEN, "--jobs", "1") == 1
    words = [sys.executable, "-m", "churn", "run", "--report", str(cut), "--quiet", *BROKEN, "--jobs", "1"]
    head = subprocess.Popen(words, stdout=subprocess.DEVNULL, env={**os.environ})
    results = cut / "campaign" / "results"
    while not (results.is_dir() and len(list(results.glob("0*.json"))) >= 2):
        assert head.poll() is None
    workers = psutil.Process(head.pid).children(recursive=True)
    head.send_signal(signal.SIGKILL)
    head.wait()
    ended_with_their_parent(workers)
    done = len(list(results.glob("0*.json")))
    assert line(["run", "--resume", str(cut), "--quiet", "--jobs", "2"]) == 1
    assert len(list(results.glob("0*.json"))) > done
    assert bugs(cut) == bugs(whole)
    assert report(cut)["head"]["command"] == report(whole)["head"]["command"].replace(str(whole), str(cut))  # type: ignore[index]  # JSON
    assert line(["run", "--report", str(cut), "--jobs", "1"]) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_job_ends_with_the_worker_that_began_it(tmp_path: Path, until: Callable[[Callable[[], bool]], float]) -> None:
    file = tmp_path / "job.json"
    file.write_text(as_text(Job(id="1", subject=Subject(), part=Part(kind=Kind.EXPLORE))), encoding="utf-8")
    code = "import sys; from churn.cli.job import in_a_process; in_a_process(open(sys.argv[1]).read())"
    with subprocess.Popen([sys.executable, "-c", code, str(file)]) as worker:
        here = psutil.Process(worker.pid)
        until(lambda: any("job" in child.cmdline() for child in here.children()))
        begun = here.children()
        worker.kill()
    ended_with_their_parent(begun)


def test_failures_are_shared_and_looked_for_first(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert run(tmp_path / "first", *BROKEN, "--store", str(store)) == 1
    (kept,) = store.glob("*.json")
    assert ", by " in load(kept).found
    assert run(tmp_path / "second", "--defect", "stops-by-label", "--only", "cycles", "--store", str(store)) == 1
    assert bugs(tmp_path / "second") == bugs(tmp_path / "first"), "the cycles alone do not show it"
    assert list(store.glob("*.json")) == [kept]
    assert run(tmp_path / "third", "--only", "cycles", "--store", str(store)) == 0


def test_a_real_engine_does_one_job_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "report", "--engine", "docker", "--jobs", "2") == 2
    assert "expected --jobs 1 with a real engine" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


# -- dask -------------------------------------------------------------------------------------------------------------------


def test_without_the_extra_a_farm_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for words in (["run", "--farm", "tcp://127.0.0.1:1", "--report", str(tmp_path / "report")], ["farm", "up"]):
        assert line(words) == 2
        (told,) = capsys.readouterr().err.splitlines()
        assert "pip install 'container-churn[farm]'" in told
    assert not (tmp_path / "report").exists()


def test_where_there_is_no_scheduler_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("churn.farm.hosts.dask._PATIENCE", 0.5)
    assert run(tmp_path / "report", "--farm", "tcp://127.0.0.1:1") == 2
    assert "expected a dask scheduler with a worker at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_nothing_of_a_farm_is_loaded_where_none_is_asked_for() -> None:
    code = (
        "import sys; from churn.cli import line; line(['run', '--help']); line(['run', '--plan']);"
        "print([one for one in ('distributed', 'redis', 'dask') if one in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_a_campaign_on_a_farm_finds_what_one_process_finds(tmp_path: Path) -> None:
    words = [sys.executable, "-u", "-m", "churn", "farm", "up", "--workers", "2", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as farm:
        try:
            assert farm.stdout is not None
            address = farm.stdout.readline().split()[-1]
            assert run(tmp_path / "farm", *BROKEN, "--farm", address) == 1
        finally:
            farm.send_signal(signal.SIGINT)
    assert farm.returncode == 0
    assert run(tmp_path / "here", *BROKEN, "--jobs", "1") == 1
    assert bugs(tmp_path / "farm") == bugs(tmp_path / "here")
    assert len(report(tmp_path / "farm")["workers"]) >= 2  # type: ignore[arg-type]  # JSON


# -- Redis ------------------------------------------------------------------------------------------------------------------

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server, of Debian's redis, is not here"
)


class Redis:
    """A server of its own, on a socket; what it keeps is in the folder, also while it does not run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "redis.sock"
        self.url = f"unix://{self.socket}"

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        words = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--appendonly", "yes")
        self.server = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            assert self.server.poll() is None

    def stop(self) -> None:
        self.server.terminate()
        self.server.wait()


@needs_redis
def test_a_server_that_goes_and_comes_in_mid_campaign_loses_nothing_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--defect", "restart-policy", "--defect", "port-changes", "--defect", "list-omits", "--no-interrupts")
    kept: list[int] = []
    with Redis(tmp_path) as server:
        told = jobs._told

        def kept_then(farming: Farming, ticker: Ticker, store: Store | None, bug: Bug) -> None:
            """The server goes once the first bug is told, and comes before the third is."""
            if len(kept) == 2:
                server.start()
            told(farming, ticker, store, bug)
            kept.append(len(opened(server.url).load()) if len(kept) != 1 else 0)
            if len(kept) == 1:
                server.stop()

        monkeypatch.setattr(jobs, "_told", kept_then)
        assert run(tmp_path / "first", *words, "--max-operations", "400", "--jobs", "1", "--store", server.url) == 1
        assert kept == [1, 0, 3]
        assert capsys.readouterr().out.count("does not answer") == 1
        assert not report(tmp_path / "first").get("faults")
        assert all(", by " in one.found for one in opened(server.url).load())
        monkeypatch.undo()
        assert run(tmp_path / "second", *words, "--only", "cycles", "--store", server.url) == 1
        assert set(bugs(tmp_path / "second")) == set(bugs(tmp_path / "first")), "the cycles alone do not show all of it"


@needs_redis
def test_what_a_server_does_not_take_until_the_end_is_told(tmp_path: Path) -> None:
    first = load(min((Path(__file__).parents[2] / "reproducers").rglob("*.json")))
    with Redis(tmp_path) as server:
        store = opened(server.url)
    assert "does not answer" in store.add(first)
    assert not store.add(first), "it is told once"
    assert "1 failure(s) could not be kept" in store.close()
    with Redis(tmp_path) as server:
        assert store.close() == ""
        assert [one.sequence for one in opened(server.url).load()] == [first.sequence]


def test_no_server_is_told_before_anything_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "report", *BROKEN, "--store", "redis://127.0.0.1:1") == 2
    assert "expected a Redis server at redis://127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_without_the_extra_redis_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    assert run(tmp_path / "report", "--store", "redis://127.0.0.1:1") == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "pip install 'container-churn[redis]'" in told
