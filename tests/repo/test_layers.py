"""Imports go down only, and each third party has one home."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import churn

ROOT = Path(churn.__file__).parent
RANKS = {
    "errors": 0,
    "nearest": 0,
    "visible": 0,
    "lifecycle": 1,
    "system": 2,
    "session": 3,
    "testbed": 4,
    "assembly": 5,
    "slow": 6,
    "shrink": 6,
    "reproducers": 6,
    "explore": 7,
    "keeping": 7,
    "report": 8,
    "campaign": 9,
    "doctor": 9,
    "explain": 9,
    "farm": 10,
    "cli": 11,
    "pytest_plugin": 11,
    "__main__": 12,
    "__init__": 12,
}
"""The folder or module at the top of the package, and its rank: it imports only lower ones, or its own folder."""

SYSTEM_RANKS = {
    "protocols": 0,
    "rewinding": 0,
    "refusals": 0,
    "servers": 0,
    "clock": 0,
    "process": 0,
    "parent": 0,
    "runs": 0,
    "forms": 1,
    "host": 1,
    "ownership": 1,
    "canary": 1,
    "faults": 1,
    "baton": 2,
    "leftovers": 2,
    "proxy": 2,
    "engines": 2,
    "managers": 2,
    "standin": 3,
}
"""The same inside `system/`."""

HOMES = {
    "docker": (
        "system/engines/docker/",
        "system/engines/emulated/api/adapter.py",
        "system/engines/emulated/api/fake.py",
    ),
    "requests": ("system/engines/docker/", "system/engines/emulated/api/adapter.py"),
    "asyncio": (
        "cli/engine.py",
        "system/engines/emulated/api/app.py",
        "system/engines/emulated/api/server.py",
        "system/engines/emulated/api/ports.py",
        "system/proxy",
    ),
    "uvicorn": ("system/engines/emulated/api/server.py",),
    "urllib3": ("system/engines/docker/",),
    "greenlet": ("system/baton.py",),
    "hypothesis": (
        "explore/drawing.py",
        "explore/isolation.py",
        "explore/machine.py",
        "explore/profiles.py",
        "explore/suite.py",
    ),
    "subprocess": ("system/process.py",),
    "pytest": ("pytest_plugin/",),
    "time": ("system/clock.py",),
    "datetime": ("system/clock.py", "system/engines/docker/", "system/engines/emulated/api/dates.py"),
    "random": (),
    "rich_click": ("cli/",),
    "click": ("cli/",),
    "rich": ("report/", "cli/"),
    "jinja2": ("report/markdown.py", "report/html.py", "reproducers/shell.py"),
    "cattrs": ("report/data.py", "farm/plain.py"),
    "distributed": ("farm/hosts/dask.py",),
    "redis": ("farm/store/redis.py",),
    "concurrent": ("farm/hosts/", "farm/dispatch.py", "cli/job.py", "system/host.py"),
    "ctypes": ("system/parent.py",),
    "multiprocessing": ("farm/hosts/processes.py",),
    "junitparser": ("report/junit.py",),
    "regex": ("lifecycle/patterns.py",),
    "jmespath": ("system/managers/command/",),
    "tomllib": ("system/managers/command/", "cli/configuration.py"),
    "sqlite3": ("system/managers/reference/store.py",),
    "socket": (
        "system/host.py",
        "system/ownership.py",
        "system/engines/docker/client.py",
        "system/engines/emulated/api/server.py",
        "system/engines/emulated/api/ports.py",
        "system/proxy/",
    ),
    "threading": (
        "session/clients.py",
        "system/managers/aima/driver.py",
        "system/managers/command/manager.py",
        "system/process.py",
        "system/engines/emulated/api/server.py",
        "system/faults/gate.py",
        "system/faults/interruption.py",
        "system/proxy/",
    ),
}
"""What is not ours, and the files or folders that may import it."""

PURE = {
    "attrs",
    "collections",
    "enum",
    "functools",
    "itertools",
    "re",
    "regex",
    "statistics",
    "string",
    "typing",
    "churn",
}
"""What the model plane may import: nothing with I/O, a clock or randomness."""

MODULES = sorted(ROOT.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: relative import"
            yield node.module or ""


def part(dotted: str, depth: int) -> str:
    """The folder or module that a dotted name leads to, so deep in the package; empty where it leads no deeper."""
    return (dotted.split(".")[depth:] or [""])[0]


def room(path: Path, depth: int = 0) -> str:
    """The folder or module, so deep in the package, that a module is in."""
    return path.relative_to(ROOT).parts[depth].removesuffix(".py")


def module(path: Path) -> str:
    """A module's dotted name."""
    return ".".join(("churn", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


KNOWN = {module(path): path for path in MODULES}


def modules(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports: of a folder the module in it, where that is what it takes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            taken = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (one if one in KNOWN else str(node.module) for one in taken)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_only_lower_ranks_or_its_own_folder(path: Path) -> None:
    here = room(path)
    for dotted in imports(path):
        there = part(dotted, 1) if dotted.startswith("churn") else ""
        if not there:  # somebody else's, or the version, from the package itself
            continue
        allowed = there == here or RANKS[there] < RANKS[here]
        assert allowed, f"{name(path)} (rank {RANKS[here]}) imports {dotted} (rank {RANKS[there]})"


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) == "system"], ids=name)
def test_inside_the_system_a_module_imports_only_lower_ranks_or_its_own_folder(path: Path) -> None:
    here = room(path, 1)
    for dotted in modules(path):
        there = part(dotted, 2) if dotted.startswith("churn.system.") else ""
        if not there:
            continue
        allowed = there == here or SYSTEM_RANKS[there] < SYSTEM_RANKS[here]
        assert allowed, f"{name(path)} (rank {SYSTEM_RANKS[here]}) imports {dotted} (rank {SYSTEM_RANKS[there]})"


def test_no_imports_go_in_a_circle() -> None:
    TopologicalSorter({one: KNOWN.keys() & set(modules(path)) for one, path in KNOWN.items()}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_third_party_is_imported_in_its_home_only(path: Path) -> None:
    for dotted in imports(path):
        homes = HOMES.get(dotted.split(".")[0])
        if homes is not None:
            assert any(name(path).startswith(home) for home in homes), f"{name(path)} imports {dotted}"


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) == "lifecycle"], ids=name)
def test_the_model_plane_imports_nothing_that_acts(path: Path) -> None:
    for dotted in imports(path):
        assert dotted.split(".")[0] in PURE, f"{name(path)} imports {dotted}"


@pytest.mark.parametrize("path", [path for path in MODULES if "system/" in name(path)], ids=name)
def test_engines_and_managers_do_not_know_the_models_state_or_invariants(path: Path) -> None:
    for dotted in imports(path):
        planned = ("state", "invariants", "rules", "transitions")
        forbidden = tuple(f"churn.lifecycle.{one}" for one in planned)
        assert not dotted.startswith(forbidden), f"{name(path)} imports {dotted}"
    if "managers/" in name(path):
        assert not any(dotted.startswith("churn.system.engines") for dotted in imports(path)), name(path)


@pytest.mark.parametrize("path", [path for path in MODULES if room(path) not in ("cli", "pytest_plugin")], ids=name)
def test_the_front_ends_alone_read_the_environment(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        read = isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb", "getenvb")
        of_os = read and isinstance(node.value, ast.Name) and node.value.id == "os"
        assert not of_os, f"{name(path)}:{node.lineno} reads the environment; have it handed in"


def test_the_package_loads_neither_hypothesis_nor_docker() -> None:
    import subprocess
    import sys

    code = "import sys, churn, churn.pytest_plugin; churn.Start; print([m for m in ('hypothesis', 'docker') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
