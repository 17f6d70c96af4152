"""Shell scripts of bugs: what stands in them, that nothing of the file is run, and what they say where something is missing."""

import os
import subprocess
from pathlib import Path

import pytest
from attrs import evolve
from eventful import EVENTFUL, STEPS

from churn.errors import UsageError
from churn.lifecycle.operations import (
    Create,
    Start,
    Step,
    Stop,
)
from churn.lifecycle.sequence import Naming, Sequence
from churn.reproducers.file import Reproducer, load
from churn.reproducers.shell import as_shell, description_of
from churn.session.verdict import Signature
from churn.system.managers.aima import STAND_IN_TIMEOUT
from churn.system.managers.gallery import gallery

ROOT = Path(__file__).parents[2]
DEFECTS = sorted((ROOT / "reproducers" / "defects").glob("*.json"))
SHELL = gallery()["shell"]
TOOLS = "sh mktemp chmod mkdir cat date timeout tail sed head cut grep rm xargs wc ls env touch sort tr python3"
"""What the scripts take from the machine."""
PROGRAMS = ("churn", "aima", "docker", "sleep", "curl", "ss")


def ended(script: str, folder: Path, *lacking: str, broken: bool = False) -> subprocess.CompletedProcess[str]:
    """The script, run where every program that it needs succeeds and does nothing; some are lacking, or `broken`: fail."""
    place = folder / "bin"
    place.mkdir()
    for name in TOOLS.split():
        found = next(path for path in (Path(part) / name for part in os.defpath.split(":")) if path.exists())
        (place / name).symlink_to(found)
    for name in set(PROGRAMS) - (set() if broken else set(lacking)):
        (place / name).write_text(f"#!/bin/sh\nexit {int(name in lacking)}\n")
        (place / name).chmod(0o755)
    environ = {"PATH": str(place), "TMPDIR": str(folder)}
    return subprocess.run(["sh"], input=script, text=True, env=environ, capture_output=True, check=False, timeout=60)


def test_a_script_has_each_step_and_a_look_after_those_that_were_looked_at() -> None:
    script = as_shell(EVENTFUL)
    assert "\ncreate web a\n" in script
    assert "\nbehave b ignore-sigterm\n" in script
    assert "--defect stops-by-label" in script
    assert script.count("\nlook\n") == len(STEPS) - 3, "not after a hurried step, nor after the last"
    assert script.count("\nlook_at_engine\n") == 1


def beyond(reproducer: Reproducer) -> bool:
    """Whether the engine has to fail the manager, or the manager to be ended, or another client to go on, at one moment."""
    kinds = {step.operation.kind for step in reproducer.sequence.steps}
    return bool(kinds & {"disturb", "interrupt", "restart-engine", "restart-manager", "together"})


@pytest.mark.parametrize("path", [one for one in DEFECTS if not beyond(load(one))], ids=lambda path: path.stem)
def test_the_script_of_a_kept_reproducer_is_one_that_a_shell_can_read(path: Path) -> None:
    script = as_shell(load(path))
    done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert script.rstrip().endswith('echo "NOT REPRODUCED"')


@pytest.mark.parametrize("path", [one for one in DEFECTS if beyond(load(one))], ids=lambda path: path.stem)
def test_what_no_shell_can_do_has_no_script(path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"expected operations that a shell can do, got (disturb|interrupt|restart-|together)"
    ):
        as_shell(load(path))


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("docker", "CANNOT TELL: expected the program docker on PATH, but there is none; install it"),
        ("churn", "CANNOT TELL: expected the program churn on PATH, but there is none; install it"),
    ],
)
def test_a_script_says_what_is_missing(lacking: str, told: str, tmp_path: Path) -> None:
    done = ended(as_shell(EVENTFUL), tmp_path, lacking)
    assert (done.returncode, done.stdout.strip()) == (125, told)
    assert {one.name for one in tmp_path.iterdir()} == {"bin"}, "it leaves nothing"


def test_a_script_ends_with_its_verdict_and_leaves_nothing(tmp_path: Path) -> None:
    """The docker of this test shows no container: so the one that should run is not there."""
    short = Sequence((Step(Create("a")), Step(Create("b")), Step(Start("a")), Step(Stop("b"))), Naming.PREFIX)
    done = ended(as_shell(evolve(EVENTFUL, sequence=short)), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "REPRODUCED"
    assert "service web should run, and has no running container" in done.stdout
    assert {one.name for one in tmp_path.iterdir()} == {"bin"}


def test_a_script_cannot_tell_where_a_step_before_the_last_fails(tmp_path: Path) -> None:
    done = ended(as_shell(EVENTFUL), tmp_path, "churn", broken=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        125,
        "CANNOT TELL: expected the command above to succeed, as it has to before the bug can show",
    )
    assert {one.name for one in tmp_path.iterdir()} == {"bin"}


def test_a_script_says_where_the_bug_is_not_there(tmp_path: Path) -> None:
    bug = evolve(
        EVENTFUL,
        signature=Signature("no-orphans", "stop", "running"),
        expected="no container but those of running services",
        seen="a#1 (web) of service a is running",
    )
    done = ended(as_shell(bug), tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "NOT REPRODUCED")


@pytest.mark.parametrize(("settings", "seconds"), [({}, STAND_IN_TIMEOUT), ({"start_timeout": 5}, 5)])
def test_a_script_gives_aima_the_time_that_a_replay_gives_it(settings: dict[str, int], seconds: int) -> None:
    script = as_shell(evolve(EVENTFUL, manager="aima", defects=(), settings=settings))
    assert f'[ -n "${{START_TIMEOUT:-}}" ] || START_TIMEOUT={seconds}\n' in script
    assert '--timeout "$START_TIMEOUT"' in script


def test_the_script_of_a_described_manager_has_its_commands_with_their_placeholders_filled() -> None:
    script = as_shell(evolve(EVENTFUL, manager="shell", defects=()), description_of("shell"))
    assert f"dir={SHELL.parent}" in script
    assert 'env SERVICES="$state" SESSION="$run" bash "$dir"/shell.sh create "$service" "$port" "$folder"' in script
    assert "needs churn" not in script, "who gets it need not have Churn"


def test_a_script_holds_the_port_that_the_manager_was_given_where_its_list_tells_none() -> None:
    script = as_shell(evolve(EVENTFUL, manager="docker-run", defects=()), description_of("docker-run"))
    assert 'held=${held:-$(use "$1" && echo "$port")}' in script


def test_there_is_no_script_where_no_label_tells_the_managers_containers(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[start]\nargv = ["true"]\n[stop]\nargv = ["true"]\n')
    with pytest.raises(UsageError, match=r"containers\.labels: expected the labels of the manager's containers"):
        as_shell(evolve(EVENTFUL, manager=str(path)), description_of(str(path)))


MARKED = (
    "it was; touch {mark}\ntouch {mark}; $(touch {mark}) `touch {mark}` "
    "'; touch {mark}; '\"; touch {mark}; \"}}; touch {mark}\nPYTHON\ntouch {mark}"
)


@pytest.mark.parametrize("manager", ["reference", "aima"])
@pytest.mark.parametrize("invariant", ["accepted", "same-as-fresh", "status", "data-kept"])
def test_a_script_runs_nothing_that_stands_in_the_file(manager: str, invariant: str, tmp_path: Path) -> None:
    """The texts of the file are crafted to run a command, wherever they come to stand."""
    mark = tmp_path / "ran"
    crafted = MARKED.format(mark=mark)
    bug = evolve(
        EVENTFUL,
        signature=Signature(invariant, crafted, crafted),
        expected=f"{crafted} of a#1 is as its updates say, the volume at {crafted.replace(' ', '')} of a",
        seen=crafted,
        manager=manager,
        defects=(),
        settings={"image": crafted} if manager == "aima" else {},
    )
    done = ended(as_shell(bug), tmp_path)
    assert not mark.exists(), as_shell(bug)
    assert "+ " in done.stdout, "the script itself was run"


@pytest.mark.parametrize(
    "crafted", [{"settings": {"start_timeout": "5; true"}, "manager": "aima"}, {"defects": ("x; true",)},
                {"signature": Signature("../x", "stop", "any")}],
)  # fmt: skip
def test_a_script_of_what_churn_does_not_know_is_refused(crafted: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        as_shell(evolve(EVENTFUL, **crafted))
