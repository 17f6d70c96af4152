"""Options from ``[tool.churn]`` in pyproject.toml: what is not on the command line nor in the environment.

``[tool.churn]`` has the options of `churn run` by their names, ``[tool.churn.replay]`` those of another command, and
``[tool.churn."manager check"]`` those of a command in a group. Paths count from the file's folder.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import rich_click as click

from churn.errors import UsageError
from churn.nearest import nearest
from churn.system.managers.gallery import is_file

FILE = "pyproject.toml"
_MAIN = "run"
"""The command whose options need no table of their own."""


def found(folder: Path) -> Path | None:
    """The nearest pyproject.toml, in that folder or above it."""
    return next((one / FILE for one in (folder, *folder.parents) if (one / FILE).is_file()), None)


def defaults(file: Path, commands: Mapping[str, click.Command], known: Collection[str]) -> dict[str, Any]:
    """What the file says of these commands, which are there by their whole names (``manager check``), as click's defaults.

    `known` are all commands that are in no group. Raises `UsageError` for a file that is no TOML, for an option that its command
    does not have, and for a table of no command.
    """
    told = _told(file)
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    common = {key: value for key, value in told.items() if key not in tables}
    for name in tables:
        if name.split(" ")[0] not in known:
            raise UsageError(f"{file}: tool.churn.{name}: expected the table of a command; {nearest(name, known)}")
    tree: dict[str, Any] = {}
    for name, command in commands.items():
        own = tables.get(name, {})
        _expect_known(file, f'"{name}"' if " " in name else name, own, command)
        values = dict(_values(file, {**common, **own} if name == _MAIN else own, command))
        place = tree
        for word in name.split()[:-1]:
            place = place.setdefault(word, {})
        place.setdefault(name.split()[-1], {}).update(values)
    if _MAIN in commands:
        _expect_known(file, "", common, commands[_MAIN])
    return tree


def _told(file: Path) -> dict[str, Any]:
    import tomllib  # only where there is such a file: every command comes by here

    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: expected TOML, but: {error}") from error
    told = document.get("tool", {}).get("churn", {})
    if not isinstance(told, dict):
        raise UsageError(f"{file}: tool.churn: expected a table, got {told!r}")
    return told


def _options(command: click.Command) -> dict[str, click.Option]:
    """Its options by the long names that are in the file."""
    options = (one for one in command.params if isinstance(one, click.Option))
    return {word.removeprefix("--"): one for one in options for word in one.opts if word.startswith("--")}


def _expect_known(file: Path, table: str, told: Mapping[str, Any], command: click.Command) -> None:
    known = _options(command)
    for key in told:
        if key not in known:
            place = f"tool.churn.{table}.{key}" if table else f"tool.churn.{key}"
            question = nearest(key, known)
            raise UsageError(
                f"{file}: {place}: expected an option of a command; {question or 'churn run --help lists them'}"
            )


def _values(file: Path, told: Mapping[str, Any], command: click.Command) -> Iterator[tuple[str, Any]]:
    for key, option in _options(command).items():
        if key in told and option.name is not None:
            value = told[key]
            is_path = isinstance(option.type, click.Path) or (key == "manager" and is_file(str(value)))
            yield option.name, str(file.parent / value) if is_path else value
