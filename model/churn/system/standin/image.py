"""The stand-in image: a server of a few kilobytes, and a busybox, that behaves as a file tells it (the scripts beside this)."""

import hashlib
import io
import shutil
import struct
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Self

from attrs import frozen

from churn import errors
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system import process, servers
from churn.system.engines.docker import DockerEngine

TAG = "churn/stand-in:1"
BASE = "busybox:latest"
"""The image to build on where this machine has no busybox that the engine could run."""

BEHAVIOUR_MOUNTS = ("/behaviour", "/model", "/models")
"""Where the server looks for the file `behaviour`; the first found counts."""

LABEL = "churn.stand-in"
_RECIPE_LABEL = "churn.stand-in.recipe"

_SCRIPTS = ("entrypoint.sh", "answer.sh", "behaviour.sh")
_HOME = "stand-in"
_APPLETS = ("sh", "cat", "false", "head", "kill", "nc", "sleep", "true")
_BUSYBOX_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/sbin/busybox")

# All that containers get mounted is in the image, so that the engine adds nothing to a container's own layer.
_FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp", _HOME, *(mount.lstrip("/") for mount in BEHAVIOUR_MOUNTS))
_MOUNTED_FILES = ("etc/hosts", "etc/hostname", "etc/resolv.conf")

REMEDY = (
    "install busybox-static (Debian, Ubuntu: apt-get install busybox-static; Alpine: apk add busybox-static; "
    "Fedora: dnf install busybox) or run: docker pull busybox"
)
"""What to do where there is nothing to make the image from."""

_MACHINES: Mapping[str, int] = {
    "386": 3,
    "arm": 40,
    "amd64": 62,
    "arm64": 183,
    "riscv64": 243,
    "ppc64le": 21,
    "s390x": 22,
}
"""The machine number in an ELF head, by Go's word for it."""

_HELP_TIME = 10.0
"""Seconds for a busybox to print its help."""

_ELF = b"\x7fELF"
_INTERPRETER_SEGMENT = 3


@frozen
class Executable:
    """What an ELF file's head tells: the machine it is for, and whether it needs a dynamic linker's help."""

    machine: int
    static: bool

    @classmethod
    def read(cls, binary: bytes) -> Self | None:
        """What the head of this file tells; None where it is no ELF file, or a broken one."""
        if binary[:4] != _ELF:
            return None
        try:
            return cls._parse(binary)
        except (struct.error, IndexError):
            return None

    @classmethod
    def _parse(cls, binary: bytes) -> Self:
        wide = binary[4] == 2
        order = "<" if binary[5] == 1 else ">"
        (machine,) = struct.unpack_from(f"{order}H", binary, 18)
        (table,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", binary, 32 if wide else 28)
        size, count = struct.unpack_from(f"{order}HH", binary, 54 if wide else 42)
        kinds = (struct.unpack_from(f"{order}I", binary, table + size * index)[0] for index in range(count))
        return cls(machine, _INTERPRETER_SEGMENT not in kinds)


def ready(engine: DockerEngine, names: Iterable[str] = ()) -> None:
    """Put the stand-in on the engine, unless it is there; also by those of these names that are further tags of it.

    Raises `EnvironmentFault` as `build`.
    """
    if not engine.has_image(TAG):
        build(engine)
    for name in names:
        if name.partition(":")[0] == TAG.partition(":")[0] and not engine.has_image(name):
            engine.tag(TAG, name)


def build(engine: DockerEngine, tag: str = TAG, *, base: str = BASE) -> str:
    """Put the stand-in image on the engine, unless this very one is there, and say what it is made from.

    From this machine's static busybox; where it has none that fits the engine, from the image `base`, pulled if need be.
    An older image of the same tag is removed. Raises `EnvironmentFault` where there is neither.
    """
    busybox = find_busybox(engine.architecture())
    if busybox is None:
        return _build_on_image(engine, tag, base)
    return _build_from_scratch(engine, tag, busybox)


@contextmanager
def standing_in(engine: DockerEngine, tags: Sequence[str], *, emulated: bool = False) -> Iterator[bool]:
    """While this lasts the engine has an image of one of these tags: where it has none, the stand-in gets the first as well.

    A tag that is there stays as it is, before and after. Yields whether the first image that is there is a stand-in.
    `emulated`: the engine has the stand-in by its name, nothing is built. Raises `EnvironmentFault` as `build`.
    """
    present = next(filter(None, map(engine.image, tags)), None)
    if present is not None:
        yield LABEL in present.labels
        return
    if not emulated:
        build(engine)
    engine.tag(TAG, tags[0])
    lent = engine.image(tags[0])
    try:
        yield True
    finally:
        if lent is not None and engine.image(tags[0]) == lent:
            with suppress(errors.NotFound, errors.Conflict):
                engine.remove_resource(Resource(ResourceKind.IMAGE, tags[0]))


def find_busybox(architecture: str, candidates: Iterable[str] | None = None) -> Path | None:
    """A busybox of this machine that runs in an empty container on that architecture; None where there is none."""
    for path in map(Path, _candidates() if candidates is None else candidates):
        with suppress(OSError):
            program = Executable.read(path.read_bytes())
            if program and program.static and program.machine == _MACHINES.get(architecture):
                return path
    return None


def archive(busybox: Path | None = None) -> bytes:
    """The image's files as a tar, always the same bytes; without a busybox those that are laid over an image with one.

    The busybox is run once, to learn what it can do.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in _FOLDERS:
            tar.addfile(_entry(folder, tarfile.DIRTYPE, mode=0o755))
        for script in _SCRIPTS:
            _add_file(tar, f"{_HOME}/{script}", files("churn.system.standin").joinpath(script).read_bytes())
        _add_file(tar, f"{_HOME}/servers.txt", servers.table().encode())
        if busybox is not None:
            _add_root(tar, busybox)
    return buffer.getvalue()


def _candidates() -> tuple[str, ...]:
    found = shutil.which("busybox")
    return ((found,) if found else ()) + _BUSYBOX_PLACES


def _build_from_scratch(engine: DockerEngine, tag: str, busybox: Path) -> str:
    tar = archive(busybox)
    labels = _labels(tar)
    if _recipe(engine, tag) != labels[_RECIPE_LABEL]:
        with _replacing(engine, tag):
            engine.import_image(tar, tag, _entrypoint(), labels=labels)
    return f"this machine's {busybox}"


def _build_on_image(engine: DockerEngine, tag: str, base: str) -> str:
    under = engine.image(base)
    if under is None:
        _pull(engine, base)
        under = engine.image(base)
    tar = archive()
    labels = _labels(tar, under.id if under else base)
    if _recipe(engine, tag) != labels[_RECIPE_LABEL]:
        with _replacing(engine, tag):
            engine.derive_image(base, tar, tag, _entrypoint(), labels=labels)
    return f"the image {base}"


def _pull(engine: DockerEngine, base: str) -> None:
    try:
        engine.pull(base)
    except errors.EngineUnreachable:
        raise
    except errors.EngineError as error:
        raise errors.EnvironmentFault(
            f"expected a static busybox on this machine, or the image {base} on the engine, to make the stand-in image from; "
            f"there is neither, and the pull failed ({error.message}); {REMEDY}"
        ) from error


@contextmanager
def _replacing(engine: DockerEngine, tag: str) -> Iterator[None]:
    """Around making an image: what had its tag before is removed after, unless containers still need it."""
    before = engine.image(tag)
    yield
    if before is not None:
        with suppress(errors.NotFound, errors.Conflict):
            engine.remove_resource(Resource(ResourceKind.IMAGE, before.id))


def _entrypoint() -> list[str]:
    return [f"/{_HOME}/{_SCRIPTS[0]}"]


def _labels(tar: bytes, under: str = "") -> dict[str, str]:
    return {LABEL: "1", _RECIPE_LABEL: hashlib.sha256(tar + under.encode()).hexdigest()}


def _recipe(engine: DockerEngine, tag: str) -> str:
    """What the engine's image of that tag was made from; empty where it has none."""
    image = engine.image(tag)
    return image.labels.get(_RECIPE_LABEL, "") if image else ""


def _add_root(tar: tarfile.TarFile, busybox: Path) -> None:
    _add_file(tar, "bin/busybox", busybox.read_bytes())
    _add_file(tar, f"{_HOME}/listen", f"{_listen_option(busybox)}\n".encode())
    for applet in _APPLETS:
        link = _entry(f"bin/{applet}", tarfile.SYMTYPE, mode=0o777)
        link.linkname = "busybox"
        tar.addfile(link)
    for name in _MOUNTED_FILES:
        _add_file(tar, name, b"")


def _listen_option(busybox: Path) -> str:
    """With which option this busybox's nc serves one connection after the other: it is built with one nc or another."""
    told = process.run([str(busybox), "nc", "--help"], env={}, timeout=_HELP_TIME)
    return "-ll" if "-ll" in told.stdout + told.stderr else "-lk"


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _entry(name, tarfile.REGTYPE, mode=0o755)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _entry(name: str, kind: bytes, *, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry
