"""What the README, the guide and the page of benchmarks say is so: what they name exists, and nothing is without a page."""

import re
from pathlib import Path

import pytest
from click import Group

import churn as package
from churn.cli import churn
from churn.cli.guide import TOPICS, page
from churn.explain import explained
from churn.lifecycle.invariants import INVARIANTS
from churn.pytest_plugin import OPTIONS
from churn.system.managers.defects import DEFECTS

ROOT = Path(__file__).parents[2]
PACKAGE = Path(package.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    "README": README,
    "benchmarks": (ROOT / "tests" / "benchmarks" / "README.md").read_text(encoding="utf-8"),
    **{f"guide {topic}": page(topic) for topic in TOPICS},
}
EVERY_PAGE = pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
COMMANDS = {name: churn.get_command(None, name) for name in churn.list_commands(None)}  # type: ignore[arg-type]  # it needs no context
MOST_LINES = 140


def known_options() -> set[str]:
    commands = [command for command in COMMANDS.values() if command is not None]
    commands += [one for command in commands if isinstance(command, Group) for one in command.commands.values()]
    found = {
        word for command in commands for option in command.params for word in (*option.opts, *option.secondary_opts)
    }
    return found | {f"--churn-{name}" for name in OPTIONS} | {"--help", "--hypothesis-seed"}


def named_commands(text: str) -> set[str]:
    return set(re.findall(r"(?:`|\n|\$ |&& )churn ([a-z]+)", text))


@EVERY_PAGE
def test_every_option_that_is_named_exists(text: str) -> None:
    others = re.compile(
        r"docker -H |docker ps |--alias|dask worker |python tests/|^argv = "
    )  # commands of docker, of dask, of programs in tests/, of other managers
    lines = "\n".join(line for line in text.splitlines() if not others.search(line))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", lines))
    assert named - known_options() == set()


@EVERY_PAGE
def test_every_command_that_is_named_exists(text: str) -> None:
    assert named_commands(text) - set(COMMANDS) == set()
    for group, name in re.findall(r"(?:`|\n|\$ |&& )churn ([a-z]+) ([a-z]+)\b", text):
        command = COMMANDS[group]
        assert not isinstance(command, Group) or name in command.commands


def test_every_command_is_named() -> None:
    assert set.union(*map(named_commands, PAGES.values())) == set(COMMANDS)


def places() -> set[str]:
    """The files and folders that are named, a test in a file with it."""
    spans = r"`((?:[\w-]+/)*[\w-]+\.py(?:::\w+)?|(?:[\w-]+/)+|(?:[\w-]+/)+[\w-]+\.(?:md|json))`"
    bare = r"(?:tests|model)/[\w/]+\.py"
    return {found for text in PAGES.values() for pattern in (spans, bare) for found in re.findall(pattern, text)}


@pytest.mark.parametrize("place", sorted(places()))
def test_every_file_and_every_test_that_is_named_exists(place: str) -> None:
    if "/results/" in place and not (ROOT / ".ci").exists():
        pytest.skip("the source archive leaves results of benchmarks out")
    name, _, test = place.partition("::")
    found = [ROOT / name] if (ROOT / name).exists() else list(PACKAGE.rglob(name))
    assert found
    assert not test or f"def {test}(" in found[0].read_text(encoding="utf-8")


@EVERY_PAGE
def test_every_name_that_is_to_be_explained_can_be(text: str) -> None:
    for name in re.findall(r"churn explain ([\w.-]+)", text):
        assert name == "NAME" or explained(name)
    assert set(re.findall(r"churn run --defect ([a-z-]+)", text)) <= set(DEFECTS)


@EVERY_PAGE
def test_every_topic_that_is_pointed_to_has_a_page(text: str) -> None:
    assert set(re.findall(r"churn guide (\w+)", text)) - {"TOPIC"} <= set(TOPICS)


def test_the_readme_is_short_and_points_to_every_page() -> None:
    assert set(re.findall(r"churn guide (\w+)", README)) == set(TOPICS)
    assert len(README.splitlines()) <= MOST_LINES


def test_every_invariant_is_in_the_table_under_its_criterion() -> None:
    table = page("bugs").partition("| criterion | invariants |")[2].splitlines()
    for invariant in INVARIANTS:
        start = f"| {invariant.criterion} "
        row = next((line for line in table if line.startswith(start)), "")
        assert f"`{invariant.name}`" in row, (
            f"guide/bugs.md: in the table of criteria and invariants, the row `{start}…` lacks `{invariant.name}`"
        )
