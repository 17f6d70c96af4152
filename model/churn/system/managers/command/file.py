"""Reads description files. What is wrong in one is told by file and key, with what was expected and what is there."""

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from attrs import fields

from churn.lifecycle.contract import (
    Bounds,
    Contract,
    Leave,
    Means,
    Noticing,
    Outliving,
    Ports,
    Remains,
    Renewal,
    Reply,
    SecondStart,
    Sight,
    Willing,
    Words,
)
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import KINDS, OnService, RestartManager, Update
from churn.lifecycle.patterns import Pattern
from churn.lifecycle.sequence import Naming
from churn.nearest import nearest
from churn.system.managers.command.description import (
    COMMON,
    ID,
    OF_SERVICE,
    OF_UPDATE,
    OPERATIONS,
    About,
    CommandCall,
    Description,
    placeholders,
)
from churn.system.managers.command.reading import Identity, Json, Reading, Text
from churn.system.managers.command.table import Table, parsed

_TOP = (
    "name",
    "about",
    "image",
    "global",
    "forgets_idle",
    "health_path",
    "env",
    *OPERATIONS,
    "daemon",
    "words",
    "containers",
    "contract",
)
_ABOUT = tuple(one.name for one in fields(About))
_CALL = ("argv", "timeout")
_DAEMON = ("start", "stop", "timeout")
_READING = ("entries", "json_lines", "pattern", "skip", "port_pattern")
_CONTAINERS = ("labels", "name_pattern", "service_label")
_CHOICES: Mapping[str, type[Enum]] = {
    "second_start": SecondStart,
    "idle_stop": Reply,
    "second_create": Reply,
    "running_remove": Willing,
    "idle_restart": Willing,
    "engine_calls": Sight,
    "busy": Leave,
    "midway": Leave,
    "overtaken": Leave,
    "running_update": Renewal,
    "daemon_restart": Outliving,
    "created_container": Remains,
    "failed_container": Remains,
    "stopped_container": Remains,
    "restarted_container": Remains,
    "ports": Ports,
    "running_means": Means,
    "death_noticed": Noticing,
}
_LISTS = ("restart_policies", "belongings", "helpers", "varying", "written", "processes")
_SECONDS = ("stop_grace",)
_DAEMON_LIMIT = 60.0
"""Seconds after which a daemon's command is cut off, where the file does not say."""
_POLICIES = ("always", "on-failure", "unless-stopped")
_BOUNDS = tuple(one.name for one in fields(Bounds))
_GROUPS = ("service", "status", "port")
_ON_SERVICE = frozenset(kind.kind for kind in KINDS.values() if kind.manager and issubclass(kind, OnService))


def read(path: Path) -> Description:
    """The manager that the file describes. Raises `UsageError` that names file, key, what was expected and what is there."""
    return _DescriptionReader(Table(path, "", parsed(path), _TOP)).description()


class _DescriptionReader:
    def __init__(self, top: Table) -> None:
        self.top = top
        self.tables = {kind: top.table(kind, _keys(kind)) for kind in OPERATIONS if kind in top}

    def description(self) -> Description:
        """The file's content, checked."""
        containers = self.top.table("containers", _CONTAINERS)
        contract = self._contract(containers)
        identity = self._identity()
        return Description(
            path=self.top.path,
            name=self.top.text("name", self.top.path.stem),
            contract=contract,
            calls=self._calls(contract.bounds, identified=identity is not None),
            environ=self._environ(identified=identity is not None),
            readings={kind: self._reading(kind) for kind in ("list", "status") if kind in self.tables},
            daemon=self._daemon(),
            identity=identity,
            service_label=containers.text("service_label", ""),
            service_pattern=_with_service(containers.regex("name_pattern", allowed=("service",))),
            forgets_idle=self.top.flag("forgets_idle"),
            about=self._about(),
            image=self.top.text("image", ""),
            alone=self.top.flag("global"),
        )

    def _about(self) -> About:
        table = self.top.table("about", _ABOUT)
        return About(
            summary=table.text("summary", ""),
            manual=table.text("manual", ""),
            versions=table.texts("versions", ()),
            cannot=table.texts("cannot", ()),
            probe=table.texts("probe", ()),
        )

    # -- calls --------------------------------------------------------------------------------------------------------

    def _calls(self, bounds: Bounds, *, identified: bool) -> dict[str, CommandCall]:
        for kind in ("start", "stop"):
            if kind not in self.tables:
                self.top.wrong(
                    kind, "a table with the argv of this operation", None, "without it there is nothing to test"
                )
        return {kind: self._call(kind, table, bounds, identified) for kind, table in self.tables.items()}

    def _call(self, kind: str, table: Table, bounds: Bounds, identified: bool) -> CommandCall:
        argv = self._argv(table, "argv", _placeholders(kind, identified))
        promised = (bounds.of(kind) or bounds.stop) + bounds.grace
        timeout = table.number("timeout", promised)
        return CommandCall(argv, timeout, promised=timeout >= promised)

    def _daemon(self) -> tuple[CommandCall, CommandCall] | None:
        """How it is started and stopped, if there is one."""
        if "daemon" not in self.top:
            return None
        table = self.top.table("daemon", _DAEMON)
        timeout = table.number("timeout", _DAEMON_LIMIT)
        starting, stopping = (self._argv(table, key, COMMON) for key in ("start", "stop"))
        return CommandCall(starting, timeout), CommandCall(stopping, timeout)

    def _argv(self, table: Table, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        argv = table.texts(key)
        if not argv or not argv[0]:
            table.wrong(key, "an array of a program and its arguments", list(argv))
        for place, template in enumerate(argv):
            _check(table, f"{key}[{place}]", template, known)
        return argv

    def _environ(self, *, identified: bool) -> dict[str, str]:
        table = self.top.table("env", None)
        found = {name: table.text(name, empty=True) for name in table}
        for name, template in found.items():
            if not re.fullmatch(_VARIABLE, name):
                table.wrong(name, "the name of an environment variable", name)
            _check(table, name, template, _placeholders("start", identified))
        return found

    # -- readings -----------------------------------------------------------------------------------------------------

    def _identity(self) -> Identity | None:
        table = self.tables.get("create")
        if table is None:
            return None
        query, pattern = table.query("id"), table.regex("id_pattern", (ID,), (ID,))
        if query is not None and pattern is not None:
            table.wrong("id_pattern", "either id or id_pattern", "both")
        if query is not None:
            return Identity(Json(query))
        return Identity(pattern) if pattern is not None else None

    def _reading(self, kind: str) -> Reading:
        table = self.tables[kind]
        needed = ("service", "status") if kind == "list" else ("status",)
        query, pattern = table.query("entries"), table.regex("pattern", needed, _GROUPS)
        port = table.regex("port_pattern", ("port",), ("port",))
        if (query is None) == (pattern is None):
            either = "either entries (JMESPath, for JSON) or pattern (a regular expression, for text)"
            table.wrong("entries", either, "both" if query is not None else None)
        if pattern is not None:
            table.only_with("json_lines", "entries")
            return Reading(Text(pattern, table.regex("skip")), port)
        assert query is not None, "one of them is there"  # noqa: S101 -- the first check says so
        table.only_with("skip", "pattern")
        return Reading(Json(query, lines=table.flag("json_lines")), port)

    # -- the contract -------------------------------------------------------------------------------------------------

    def _contract(self, containers: Table) -> Contract:
        table = self.top.table("contract", (*_CHOICES, *_LISTS, *_SECONDS, "recovers", "port_range", "names", "bounds"))
        usual = Contract()
        choices: dict[str, Any] = {key: table.choice(key, kind, getattr(usual, key)) for key, kind in _CHOICES.items()}
        name_pattern = containers.regex("name_pattern", allowed=("service",))
        return Contract(
            **choices,
            port_range=table.ports("port_range", usual.port_range),
            restart_policies=frozenset(table.words("restart_policies", _POLICIES)),
            belongings=table.regexes("belongings"),
            helpers=table.regexes("helpers"),
            recovers=table.count("recovers", usual.recovers),
            varying=table.regexes("varying"),
            written=table.regexes("written"),
            stop_grace=table.number("stop_grace", usual.stop_grace, least_free=True),
            processes=frozenset(table.texts("processes", ())),
            names=self._names(table, usual.names),
            words=self._words(),
            labels=self._labels(containers),
            name_pattern=name_pattern.pattern if name_pattern is not None else "",
            health_path=self._health_path(),
            bounds=self._bounds(table.table("bounds", _BOUNDS)),
            offers=frozenset({"create", *self.tables, *self._restarted()})
            - {"reset"},  # without a create of its own, its start is asked
            updates=self._updates(),
            obedient=self._obedient(),
        )

    def _updates(self) -> dict[Setting, str]:
        """What an update changes, and to what."""
        table = self.tables.get(Update.kind)
        if table is None:
            return {}
        found = {one: table.text(one.value) for one in (Setting.IMAGE, Setting.ENVIRONMENT) if one.value in table}
        variable = found.get(Setting.ENVIRONMENT)
        if variable is not None and not re.fullmatch(rf"{_VARIABLE}=.*", variable, re.DOTALL):
            table.wrong(Setting.ENVIRONMENT.value, "a variable and its new value, as NAME=value", variable)
        if table.flag(Setting.PORT.value):
            found[Setting.PORT] = ""
        if not found:
            table.wrong("image", "at least one of the keys image, environment and port = true", None)
        return found

    def _restarted(self) -> tuple[str, ...]:
        """What can be done where there is a daemon."""
        return (RestartManager.kind,) if "daemon" in self.top else ()

    def _names(self, table: Table, usual: str) -> str:
        found = table.regex("names")
        plain = Naming.PLAIN.real("a")
        if found is not None and not found.fullmatch(plain):
            table.wrong(
                "names", f"a regular expression that {plain} matches", found.pattern, "Churn has no simpler names"
            )
        return usual if found is None else found.pattern

    def _words(self) -> Words:
        """What each word means: a word that stands at several statuses means any of them."""
        table = self.top.table("words", tuple(status.value for status in Status))
        told = {status: table.texts(status.value, ()) for status in Status}
        words = dict.fromkeys(word for status in Status for word in told[status])
        found = {word: tuple(status for status in Status if word in told[status]) for word in words}
        usual = {status.value: status for status in Status if status.value not in table}
        return {**usual, **{word: meant if len(meant) > 1 else meant[0] for word, meant in found.items()}}

    def _labels(self, containers: Table) -> dict[str, str]:
        table = containers.table("labels", None)
        found = {name: table.text(name, empty=True) for name in table}
        for name, template in found.items():
            _check(table, name, template, ("run",))
        return found

    def _health_path(self) -> str:
        path = self.top.text("health_path", Contract().health_path)
        if not re.fullmatch(r"/[!-~]*", path):
            self.top.wrong("health_path", "a path of an HTTP request, such as /health", path)
        return path

    def _bounds(self, table: Table) -> Bounds:
        usual = Bounds()
        return Bounds(
            **{
                key: table.number(key, getattr(usual, key), least_free=key in ("settling", "loading", "grace"))
                for key in _BOUNDS
            }
        )

    def _obedient(self) -> bool:
        """Whether servers get to see the folder in which they are told how to behave."""
        templates = [word for table in self.tables.values() for word in table.texts("argv")]
        templates += [value for value in self.top.table("env", None).data.values() if isinstance(value, str)]
        return any("folder" in placeholders(template) for template in templates)


_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
"""The name of an environment variable."""


def _keys(kind: str) -> tuple[str, ...]:
    if kind == Update.kind:
        return (*_CALL, *(one.value for one in Setting))
    if kind in ("list", "status"):
        return (*_CALL, *_READING)
    return (*_CALL, "id", "id_pattern") if kind == "create" else _CALL


def _placeholders(kind: str, identified: bool) -> tuple[str, ...]:
    """The placeholders that an operation has."""
    if kind not in _ON_SERVICE:
        return COMMON
    own = (*OF_SERVICE, *((ID,) if identified and kind != "create" else ()))
    return (*own, *(OF_UPDATE if kind == Update.kind else ()), *COMMON)


def _check(table: Table, key: str, template: str, known: tuple[str, ...]) -> None:
    for word in placeholders(template):
        if word not in known:
            shown = ", ".join(f"{{{one}}}" for one in known)
            advice = f"{nearest(word, known)} braces that are no placeholder need a space: {{ {word} }}".lstrip()
            if word == ID:
                advice = "an id is known where create has an `id` or `id_pattern`, and after it"
            table.wrong(key, f"no other placeholder than {shown}", f"{{{word}}}", advice)


def _with_service(pattern: Pattern | None) -> Pattern | None:
    return pattern if pattern is not None and "service" in pattern.groups else None
