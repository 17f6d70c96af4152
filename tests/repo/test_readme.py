"""What the README says is so: the programs, commands, options and places that it names exist."""

import re
from pathlib import Path

import pytest
from click import Group

from churn.cli import churn
from churn.lifecycle.invariants import INVARIANTS
from churn.pytest_plugin import _OPTIONS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {name: churn.get_command(None, name) for name in churn.list_commands(None)}  # type: ignore[arg-type]  # it needs no context


def known_options() -> set[str]:
    commands = [command for command in COMMANDS.values() if command is not None]
    commands += [one for command in commands if isinstance(command, Group) for one in command.commands.values()]
    found = {
        word for command in commands for option in command.params for word in (*option.opts, *option.secondary_opts)
    }
    return found | {f"--churn-{name}" for name in _OPTIONS} | {"--help"}


def test_every_option_that_is_named_exists() -> None:
    others = re.compile(
        r"docker -H |python tests/|^argv = "
    )  # commands of docker, of programs in tests/, of other managers
    text = "\n".join(line for line in README.splitlines() if not others.search(line))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--filter"}
    assert named - known_options() == set()


def test_every_command_is_named_and_every_named_one_exists() -> None:
    named = set(re.findall(r"`?churn ([a-z]+)", README)) & set(re.findall(r"(?:`|\n|\$ |&& )churn ([a-z]+)", README))
    assert named == set(COMMANDS)


@pytest.mark.parametrize("place", sorted(set(re.findall(r"(?:tests|model)/[\w/]+\.py", README))))
def test_every_file_that_is_named_exists(place: str) -> None:
    assert (ROOT / place).is_file()


def test_every_invariant_is_in_the_table_under_its_criterion() -> None:
    table = README.partition("| criterion | invariants |")[2].splitlines()
    for invariant in INVARIANTS:
        row = next(line for line in table if line.startswith(f"| {invariant.criterion} "))
        assert f"`{invariant.name}`" in row
