"""What a run keeps of its bugs, in files and as texts to copy; and the link to its report."""

import os
from pathlib import Path

from churn import __version__
from churn.assembly import Target
from churn.campaign import Campaign
from churn.errors import UsageError
from churn.farm.campaign import Farming
from churn.report.code import as_test
from churn.report.files import write
from churn.report.values import Kept
from churn.reproducers.file import Reproducer, save
from churn.reproducers.shell import as_shell, description_of
from churn.reproducers.trust import replaying
from churn.shrink.bug import Bug
from churn.system.clock import today

LATEST = "latest"


def keep(campaign: Campaign | Farming, chosen: Target, folder: Path, faults: list[str]) -> tuple[Kept | None, ...]:
    """Write a reproducer of each bug, and a shell script where there is one for the manager; in the order of the bugs.

    None for one that could not be written, which is told in `faults`.
    """
    found = campaign.reproducers(chosen, f"churn {__version__}, {today().isoformat(timespec='seconds')}")
    kept: list[Kept | None] = []
    for bug, reproducer in zip(campaign.bugs, found, strict=True):
        try:
            kept.append(_kept(bug, reproducer, chosen, folder))
        except OSError as error:
            faults.append(f"a reproducer could not be written to {folder}: {error.strerror}")
            kept.append(None)
    return tuple(kept)


def _kept(bug: Bug, reproducer: Reproducer, chosen: Target, folder: Path) -> Kept:
    path = save(reproducer, folder)
    text, why = _script(reproducer, chosen)
    return Kept(
        reproducer=str(path),
        replay=replaying(path, chosen.manager, chosen.aima.binary),
        test=as_test(
            bug.signature, chosen.manager, chosen.engine, chosen.defects, reproducer.names, reproducer.sequence
        ),
        script=str(write(path.with_suffix(".sh"), text)) if text else "",
        script_text=text,
        no_script=why,
    )


def _script(reproducer: Reproducer, chosen: Target) -> tuple[str, str]:
    """The shell script that shows it; or an empty text, and why there is none."""
    try:
        return as_shell(reproducer, description_of(chosen.manager)), ""
    except UsageError as error:
        return "", str(error)


def link(folder: Path) -> None:
    """Have ``latest`` beside the report's folder lead to it. A file or folder of that name that is no link is left alone."""
    latest = folder.with_name(LATEST)
    if latest.exists() and not latest.is_symlink():
        return
    aside = folder.with_name(f".{LATEST}.{os.getpid()}")
    aside.symlink_to(folder.name, target_is_directory=True)
    aside.replace(latest)
