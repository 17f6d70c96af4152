"""Trouble that a real engine has during a run of a correct manager is told as that, and is never a bug of the manager's.
from churn.system.managers.gallery import gallery

The engine is one of the test's own, with its own network and a small disk: `.ci/dockerd` starts it. Where that cannot be had
the tests are skipped, or fail in CI.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import frozen

from churn.system.managers.gallery import gallery

HERE = Path(__file__).parent
STARTER = HERE.parents[1] / ".ci" / "dockerd"
SHELL = gallery()["shell"]
PROGRAMS = ("docker", "dockerd", "docker-init", "ip", "iptables", "nsenter", "unshare", "busybox")
SMALL_DISK = "mount -t tmpfs -o size=64m tmpfs"
MOST = 120.0
"""Seconds after which a run has hung."""


@frozen
class OwnEngine:
    """An engine whose data are on a small disk at `place`; `pid` is a process in its network and mount namespaces."""

    url: str
    pid: int
    place: Path

    def run(self, *argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command where the engine's ports are."""
        inside = ("nsenter", f"--net=/proc/{self.pid}/ns/net", f"--mount=/proc/{self.pid}/ns/mnt", *argv)
        own = {**os.environ, "DOCKER_HOST": self.url, "ENGINE": self.url, "PLACE": str(self.place), "NO_COLOR": "1"}
        return subprocess.run(inside, capture_output=True, text=True, env=own | environ, timeout=MOST, check=False)


@pytest.fixture(scope="module")
def own_engine() -> Iterator[OwnEngine]:
    """An engine of this module's own."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0 or lacking:
        told = f"a test with an engine of its own needs root, and on PATH {', '.join(PROGRAMS)}; missing: {lacking}"
        if os.environ.get("CHURN_REQUIRE_DOCKER") == "1":
            pytest.fail(told)
        pytest.skip(told)
    with TemporaryDirectory(prefix="churn-") as place:
        waiting = f"{SMALL_DISK} {place} && TMPDIR={place} exec \"{STARTER}\" sh -c 'echo $$ $DOCKER_HOST; exec cat'"
        argv = ("unshare", "--mount", "sh", "-c", waiting)
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as engine:
            assert engine.stdin is not None
            assert engine.stdout is not None
            pid, url = engine.stdout.readline().split()
            yield OwnEngine(url, int(pid), Path(place))
            engine.stdin.close()  # then `cat` ends, and the engine with it


@pytest.mark.docker
@pytest.mark.parametrize(
    ("kind", "reason", "undo"),
    [
        ("image", "it answered: No such image: churn/stand-in:1", ""),
        ("bridge", "does not answer on its published port", "ip link set docker0 up"),
        ("iptables", "iptables failed", 'iptables-restore <"$PLACE/rules"'),
        ("disk", "no space left on device", 'rm "$PLACE/filled"'),
        ("daemon", "the engine failed while it was looked at", ""),  # the last, as the engine is gone then
    ],
)
def test_an_engine_in_trouble_is_no_bug_of_the_managers(
    own_engine: OwnEngine, tmp_path: Path, kind: str, reason: str, undo: str
) -> None:
    argv, script = f'"sh", "{HERE / "trouble.sh"}", "{kind}"', '"bash", "{dir}/shell.sh"'
    text = SHELL.read_text(encoding="utf-8")
    assert script in text
    (tmp_path / "troubled.toml").write_text(text.replace(script, argv), encoding="utf-8")

    words = ("run", "--engine", "docker", "--manager", str(tmp_path / "troubled.toml"), "--cycles", "2")
    report = ("--max-operations", "0", "--report", str(tmp_path / "report"))
    plain = {"SHELL_MANAGER": str(SHELL.with_suffix(".sh")), "XDG_STATE_HOME": str(tmp_path), "TMPDIR": "/tmp"}  # noqa: S108 -- sockets need a short path
    own_engine.run("sh", "-c", 'iptables-save >"$PLACE/rules"')
    done = own_engine.run(sys.executable, "-m", "churn", *words, *report, **plain)
    own_engine.run("sh", "-c", undo)

    assert done.returncode == 3, done.stdout + done.stderr
    told = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert told["bugs"] == []
    assert reason in told["faults"][0]
