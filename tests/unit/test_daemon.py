"""A manager with a daemon of its own: what a restart of it may do, and how a description file tells of it."""

from pathlib import Path

import pytest
from builders import dead, idle, running, state

from churn.errors import EnvironmentFault, UsageError
from churn.lifecycle.condition import Server
from churn.lifecycle.contract import Contract, Outliving
from churn.lifecycle.operations import RestartManager
from churn.lifecycle.outcome import Ok
from churn.lifecycle.state import Fresh
from churn.lifecycle.transitions import Must, follow
from churn.system.clock import RealClock
from churn.system.managers.command import CommandManager, read

OUTCOME = Ok(began=1.0, ended=2.0, mark=7)
FILE = """
[env]
LOG = "{state}/../log"
[daemon]
start = ["sh", "-c", "echo up >>$LOG"]
stop = ["sh", "-c", "echo down >>$LOG"]
[start]
argv = ["true"]
[stop]
argv = ["true"]
"""


@pytest.mark.parametrize("how", Outliving)
def test_what_ran_has_the_fate_that_the_contract_says_and_all_is_known_as_before(how: Outliving) -> None:
    before = state(a=running(), b=idle(port=20002))
    branches = follow(before, RestartManager(), OUTCOME, Contract(daemon_restart=how))
    assert {branch.must for branch in branches} == {Must.OK}
    assert all(branch.state.services["b"] == before.services["b"] for branch in branches)
    found = [branch.state.services["a"] for branch in branches]
    fates = {
        Outliving.RUN_ON: running(),
        Outliving.ANEW: running(container=Fresh(7), port=running().port),
        Outliving.END: dead(),
    }
    assert found == (list(fates.values()) if how is Outliving.ANY else [fates[how]])
    assert all(one.server in (Server.SOUND, Server.DEAD) for one in found)


def driven(tmp_path: Path, text: str) -> CommandManager:
    (tmp_path / "it.toml").write_text(text)
    description = read(tmp_path / "it.toml")
    return CommandManager(description, "r1", {}, {"PATH": "/usr/bin:/bin"}, RealClock(), lambda *_: 20_001, tmp_path)


def test_it_is_up_before_the_first_command_and_down_after_the_last(tmp_path: Path) -> None:
    manager = driven(tmp_path, FILE)
    assert "restart-manager" in manager.contract.offers
    log = tmp_path / "log"
    manager.create("a", "")
    assert not log.exists()
    assert isinstance(manager.start("a"), Ok)
    assert isinstance(manager.stop("a"), Ok)
    assert log.read_text().split() == ["up"]
    assert isinstance(manager.restart_daemon(), Ok)
    assert log.read_text().split() == ["up", "down", "up"]
    manager.close()
    manager.close()
    assert log.read_text().split() == ["up", "down", "up", "down"]


def test_each_sequence_has_a_daemon_of_its_own(tmp_path: Path) -> None:
    manager = driven(tmp_path, FILE)
    for _ in range(2):
        manager.create("a", "")
        manager.start("a")
        manager.reset()
    assert (tmp_path / "log").read_text().split() == ["up", "down"] * 2


def test_a_daemon_that_cannot_be_started_is_a_fault_of_the_environment(tmp_path: Path) -> None:
    manager = driven(tmp_path, FILE.replace("echo up >>$LOG", "echo no licence >&2; exit 3"))
    manager.create("a", "")
    with pytest.raises(EnvironmentFault, match="to start the manager's daemon, but: no licence"):
        manager.start("a")


def test_without_a_daemon_there_is_none_to_restart(tmp_path: Path) -> None:
    without = "[start]\nargv = ['true']\n[stop]\nargv = ['true']"
    assert "restart-manager" not in driven(tmp_path, without).contract.offers


def test_a_daemon_has_both_its_commands(tmp_path: Path) -> None:
    lacking = FILE.replace('stop = ["sh", "-c", "echo down >>$LOG"]\n', "")
    assert lacking != FILE
    with pytest.raises(UsageError, match=r"daemon.*stop"):
        driven(tmp_path, lacking)
