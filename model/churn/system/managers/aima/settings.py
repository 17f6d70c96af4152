"""How AIMA is run, what it calls things, and what is expected of it."""

from collections.abc import Mapping
from typing import Any, Self

from attrs import evolve, frozen

from churn.errors import UsageError
from churn.lifecycle.contract import Bounds, Contract, Means
from churn.lifecycle.observation import Status
from churn.visible import both_ends


@frozen
class Kind:
    """What AIMA makes of a model's type.

    `engine` is its word in service ids and container names; of `images` it takes the first that is there, and pulls none.
    """

    engine: str
    images: tuple[str, ...]
    health_path: str


KINDS: Mapping[str, Kind] = {
    "tts": Kind("tts", ("qujing-qwen3-tts-real:latest",), "/health"),
    "asr": Kind("whisper", ("qujing-glm-asr-nano:latest",), "/"),
    "llm": Kind("vllm", ("zhiwen-vllm:0128",), "/health"),
}
"""Model types; only ``llm`` asks the engine for GPUs."""

WORDS: Mapping[str, Status] = {
    "creating": Status.CREATED,
    "running": Status.RUNNING,
    "stopped": Status.STOPPED,
    "failed": Status.FAILED,
}

LABELS: Mapping[str, str] = {"aima.managed": "true"}
PORTS = (8000, 8001, 8002)
"""What the first services get, whatever holds them."""

_LONGEST_START = 10**6
START_TIMEOUT, STAND_IN_TIMEOUT = 600, 30
"""Seconds that a real model may take to load, and the stand-in, where nothing else is said.

The stand-in is up in well under one: a start that takes longer waits in vain, and each such start costs the whole timeout.
"""


@frozen
class AimaSettings:
    """How AIMA is run. `binary` is a path, or a name on PATH; empty: what AIMA_BIN says, else ``aima``.

    `start_timeout` are whole seconds; None: what the model needs that is loaded (`loading`). `asynchronous` starts return once
    the container was started. `image` is the tag that AIMA looks for, where it is not the one that is known for the type.
    """

    model_type: str = "tts"
    binary: str = ""
    start_timeout: int | None = None
    asynchronous: bool = False
    image: str = ""

    def __attrs_post_init__(self) -> None:
        if self.model_type not in KINDS:
            raise UsageError(f"expected a model type of {', '.join(KINDS)}; got {self.model_type!r}")
        if self.start_timeout is not None and not 1 <= self.start_timeout <= _LONGEST_START:
            given = both_ends(str(self.start_timeout), 60)
            raise UsageError(f"expected a start timeout of whole seconds, from 1 to {_LONGEST_START}; got {given}")

    def kept(self) -> dict[str, str | int | bool]:
        """What a sequence may depend on: all but which binary it is."""
        told = {} if self.start_timeout is None else {"start_timeout": self.start_timeout}
        return {
            "model_type": self.model_type,
            **told,
            "asynchronous": self.asynchronous,
            "image": self.image,
        }

    def loading(self, *, stand_in: bool) -> Self:
        """These settings, with the timeout that the stand-in needs, or a real model, where none is set."""
        usual = STAND_IN_TIMEOUT if stand_in else START_TIMEOUT
        return self if self.start_timeout is not None else evolve(self, start_timeout=usual)

    @classmethod
    def of(cls, kept: Mapping[str, Any], binary: str = "") -> Self:
        """These settings, of that binary. Raises `UsageError` for what is none."""
        try:
            return cls(binary=binary, **kept)
        except TypeError as error:
            raise UsageError(f"settings: expected those of AIMA, got {dict(kept)} ({error})") from None

    @property
    def kind(self) -> Kind:
        """What AIMA makes of the type."""
        return KINDS[self.model_type]

    @property
    def images(self) -> tuple[str, ...]:
        """The tags that AIMA looks for; it takes the first that is there."""
        return (self.image,) if self.image else self.kind.images


def contract_for(settings: AimaSettings, *, obedient: bool = True) -> Contract:
    """What is expected of AIMA with these settings: where honest managers differ, what its users may rely on.

    A start's own timeout is for loading; what it then has to clear away gets the grace on top.
    """
    grace, timeout = Bounds().grace, settings.loading(stand_in=obedient).start_timeout or START_TIMEOUT
    return Contract(
        running_means=Means.LAUNCHED if settings.asynchronous else Means.HEALTHY,
        words=WORDS,
        labels=LABELS,
        name_pattern=r"aima-(tts|whisper|vllm)-\d+",
        health_path=settings.kind.health_path,
        bounds=Bounds(start=timeout + grace, loading=timeout, grace=grace),
        offers=frozenset({"create", "start", "stop", "list", "status"}),
        obedient=obedient,
    )
