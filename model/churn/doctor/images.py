"""Checks of images: those that servers are made from."""

from collections.abc import Mapping
from pathlib import Path

from churn.doctor.engine import Shown
from churn.doctor.findings import CheckFinding, note, ok, problem
from churn.system.managers.aima import KINDS
from churn.system.standin.image import BASE, LABEL, REMEDY, TAG, find_busybox

AIMA_IMAGES = tuple(tag for kind in KINDS.values() for tag in kind.images)
"""What AIMA makes the servers of its model types from; it pulls none."""


def stand_in(engine: Shown, busybox: Path | None) -> CheckFinding:
    """Whether the stand-in's image is there, or can be made without a pull."""
    image = engine.image(TAG)
    if image is not None:
        return ok(f"{TAG} is there")
    if busybox is not None or engine.image(BASE) is not None:
        return note(f"{TAG} is not there; a run makes it first", "churn image build")
    return problem(f"{TAG} is not there, nor what it is made from", f"churn image build; where that fails: {REMEDY}")


def base(engine: Shown, busybox: Path | None) -> CheckFinding:
    """Whether there is what the stand-in is made from: `busybox` of this machine, or an image."""
    if busybox is not None:
        return ok(f"{busybox} is static, and fits the engine")
    if engine.image(BASE) is not None:
        return ok(f"this machine has no static busybox that fits the engine, but the engine has the image {BASE}")
    found = (
        f"this machine has no static busybox that fits the engine ({engine.architecture()}), and the engine no {BASE}"
    )
    return note(found, REMEDY)


def static_busybox(engine: Shown) -> Path | None:
    """A busybox of this machine that the engine's containers can run."""
    return find_busybox(engine.architecture())


def aima(engine: Shown) -> CheckFinding:
    """Which of the images that AIMA looks for are there."""
    found = {tag: engine.image(tag) for tag in AIMA_IMAGES}
    kinds = [f"{tag}{_kind(image.labels)}" for tag, image in found.items() if image is not None]
    missing = [tag for tag, image in found.items() if image is None]
    if not missing:
        return ok(f"there: {', '.join(kinds)}")
    there = f"; there: {', '.join(kinds)}" if kinds else ""
    return note(
        f"not there: {', '.join(missing)}{there}", "docker load or docker pull them to test AIMA with its servers"
    )


def _kind(labels: Mapping[str, str]) -> str:
    return " (the stand-in)" if LABEL in labels else ""
