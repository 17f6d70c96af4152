"""Bad surroundings: each is told in a line that says what was expected, what came, where and what to do; none by a traceback."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from churn.assembly import Target, assembled
from churn.cli import line
from churn.cli.ending import exit_code
from churn.errors import UsageError
from churn.lifecycle.sequence import Sequence
from churn.reproducers.file import Reproducer
from churn.reproducers.replay import ReplayVerdict, replay
from churn.session.budget import Budget
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Signature
from churn.system.clock import RealClock
from churn.system.managers.reference import Store, StoreBroken

RUN = ("run", "--cycles", "1", "--max-operations", "0")


def ended(*words: str) -> int:
    """The exit code of a command line, run in this process."""
    return line(list(words))


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1, printed
    assert "Traceback" not in printed
    return printed


@pytest.mark.parametrize(
    "address",
    ["nonsense", "tcp://x:99999999", "tcp://[::1", "unix://", "ssh://", "http://", "tcp://a:b:c", "\x1b[2J", "npipe://x"],
)  # fmt: skip
def test_nonsense_as_the_engines_address(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    assert ended("clean") == 2
    said = told(capsys)
    assert "engine" in said
    assert "\x1b" not in said


def test_tls_without_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://localhost:1")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path / "none"))
    assert ended("clean") == 2
    assert "certificate" in told(capsys)


def test_a_working_folder_that_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert ended(*RUN) == 2
    assert "expected a working folder that is there" in told(capsys)


@pytest.mark.parametrize(
    ("option", "kind", "why"),
    [
        ("--report", "folder", "Not a directory"),
        ("--reproducers", "folder", "Not a directory"),
        ("--log", "file", "is no folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_made(
    option: str, kind: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / "place")
    places = ("--report", str(tmp_path / "new" / "report"), "--log", str(tmp_path / "newer" / "run.log"))
    assert ended(*RUN, *places, option, place) == 2
    said = told(capsys)
    assert f"churn: {option} {place}: expected a {kind} that can be written, but: " in said
    assert f"{why}; name another" in said
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_run_that_cannot_begin_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///none/docker.sock")
    report = tmp_path / "there" / "report"
    report.parent.mkdir()
    assert ended("run", "--engine", "docker", "--report", str(report), "--log", str(tmp_path / "new" / "run.log")) == 2
    assert "engine" in told(capsys)
    assert list(tmp_path.rglob("*")) == [report.parent]


@pytest.mark.parametrize("home", [None, "/dev/null", "/none"])
def test_no_home_is_needed(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a folder of the user's, nor an entry in passwd that would tell one."""

    def unknown(_: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", classmethod(unknown))
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False) if home is None else monkeypatch.setenv(name, home)
    assert ended(*RUN, "--report", str(tmp_path)) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("content", [b"no database " * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_no_database(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "services.db"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"--db .*services\.db: expected an SQLite file of the reference manager's"):
        Store(str(path))


def test_a_database_of_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "services.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE services (mood TEXT)")
    other.close()
    store = Store(str(path))
    with pytest.raises(StoreBroken):
        store.all()
    store.close()


def test_what_nobody_foresaw_is_told_in_a_line_and_its_details_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a \x1b[2J mistake")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert exit_code(broken) == 2
    said = told(capsys)
    assert "churn: a mistake in Churn: ZeroDivisionError: a \\x1b[2J mistake; the details are in " in said
    (kept,) = tmp_path.glob("churn-error-*.txt")
    assert str(kept) in said
    assert "ZeroDivisionError" in kept.read_text(encoding="utf-8")


def test_an_interrupt_before_anything_was_begun_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert exit_code(interrupted) == 130
    assert told(capsys) == "churn: interrupted\n"


def test_details_that_cannot_be_kept_do_not_hide_what_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert exit_code(full) == 2
    said = told(capsys)
    assert "No space left on device (/somewhere); the details could not be kept" in said


WAYS = {
    "/dev/full": '"$@" >/dev/full',
    "closed": '"$@" >&-',
    "a reader that goes": '"$@" | true; exit ${PIPESTATUS[0]}',
    "ascii": 'LC_ALL=C PYTHONIOENCODING=ascii "$@"',
}


@pytest.mark.parametrize("way", WAYS)
def test_where_the_output_goes_does_not_make_a_pass_a_crash(way: str, tmp_path: Path) -> None:
    assert redirected(WAYS[way], tmp_path) == 0


def test_where_the_output_goes_does_not_make_a_failure_a_crash(tmp_path: Path) -> None:
    assert redirected(WAYS["a reader that goes"], tmp_path, "--defect", "leaves-container") == 1


def redirected(way: str, folder: Path, *words: str) -> int:
    """The exit code of a run whose output goes that way."""
    command = [sys.executable, "-m", "churn", *RUN, "--report", str(folder), *words]
    found = subprocess.run(["bash", "-c", way, "bash", *command], capture_output=True, text=True, check=False)
    assert "Traceback" not in found.stderr
    assert (folder / "report.md").exists(), found.stderr
    return found.returncode


def test_few_open_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "churn", *RUN, "--report", str(tmp_path)]
    found = subprocess.run(
        ["bash", "-c", 'ulimit -n 5; "$@"', "bash", *command], capture_output=True, text=True, check=False
    )
    assert found.returncode in (0, 2)
    assert "Traceback" not in found.stderr


def test_a_replay_that_did_nothing_is_not_fixed() -> None:
    empty = Reproducer(signature=Signature("accepted", "start", "any"), expected="", seen="", names=("a",),
                       sequence=Sequence(()))  # fmt: skip
    with assembled(Target()) as whole:
        done = replay(empty, Session(whole.system, whole.reset, Trace(), Budget(RealClock())))
    assert (done.verdict, done.reason) == (ReplayVerdict.ENVIRONMENT, "no step was done")
