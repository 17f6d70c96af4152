"""Whether a manager of the gallery is here."""

import shlex
from collections.abc import Mapping

from churn.errors import EnvironmentFault
from churn.system.managers.command import read
from churn.system.managers.gallery import gallery
from churn.system.process import run

_PROBE_SECONDS = 60.0


def lacking(name: str, environ: Mapping[str, str]) -> str:
    """What its probe says where the manager is not here; empty where it is."""
    probe = read(gallery()[name]).about.probe
    try:
        done = run(probe, env=environ, timeout=_PROBE_SECONDS)
    except EnvironmentFault as error:
        return f"{name} is not here: {error}"
    if done.code == 0:
        return ""
    told = (done.stderr.strip() or done.stdout.strip() or "no answer").splitlines()[-1]
    return f"{name} is not here: {shlex.join(probe)}: {told}"
