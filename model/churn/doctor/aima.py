"""The check of AIMA's program."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from churn.doctor.findings import CheckFinding, note, ok, problem
from churn.system import ownership, process
from churn.system.process import Finished, shown
from churn.system.runs import new_run

_NAME, _VARIABLE = "aima", "AIMA_BIN"
PATIENCE = 10.0
"""Seconds that it may take to tell its version."""


def program(named: str, environ: Mapping[str, str]) -> CheckFinding:
    """Whether AIMA can be run, and its version. `named` is the path that the user gave, else AIMA_BIN or PATH count."""
    wanted = named or environ.get(_VARIABLE) or _NAME
    path = shutil.which(wanted, path=environ.get("PATH"))
    if path is not None:
        return _version(str(Path(path).absolute()), environ)
    if not named and not environ.get(_VARIABLE):
        return note("there is none on PATH", f"to test AIMA: say where its program is with --aima-bin or {_VARIABLE}")
    source = "--aima-bin" if named else _VARIABLE
    return problem(f"{source} names {wanted}, which is no program that can be run", "name AIMA's program there")


def _version(path: str, environ: Mapping[str, str]) -> CheckFinding:
    finished = _asked(path, environ)
    if finished.code == 0:
        return ok(f"{path}: {_first(finished.stdout)}")
    how = f"did not end within {PATIENCE:g} s" if finished.cut_off else f"ended with exit code {finished.code}"
    return problem(
        f"{shown(finished.argv)} {how}: {_first(finished.stderr)}", "run it by hand; name another with --aima-bin"
    )


def _asked(path: str, environ: Mapping[str, str]) -> Finished:
    """Its answer, with folders of its own: whatever else it does when it starts is gone after."""
    with ownership.folder(new_run()) as folder:
        data = folder / "data"
        data.mkdir()
        own = {"HOME": str(folder), "AIMA_DATA_DIR": str(data), "AIMA_LLM_API_KEY": "x"}
        return process.run([path, "version"], env={**environ, **own}, cwd=str(folder), timeout=PATIENCE)


def _first(text: str) -> str:
    return next(iter(text.strip().splitlines()), "") or "it told nothing"
