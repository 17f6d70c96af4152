"""How reproducers were written before: former words, and former formats. Here a file of an earlier Churn is made readable."""

from collections.abc import Callable, Mapping
from typing import Any

from churn.lifecycle.operations import Address, HoldPort, Pace, RemoveContainer, SetBehaviour

FORMAT = 2
"""The format that is written now."""

ALIASES: Mapping[str, str] = {"behave": SetBehaviour.kind}
"""Former words of operations, and what they are called now."""

PACES: Mapping[str, str] = {"discreet": Pace.ENGINE_ONLY.value}
"""Former words of paces, likewise."""

LACKING: Mapping[tuple[str, str], object] = {(HoldPort.kind, "where"): Address.EVERY.value}
"""What an operation's field is taken to be in files that were made before it had one, by operation and key."""


def _strangers_removal(data: Any) -> Any:
    """In format 1, `remove` was what `remove-container` is now. In format 2, the manager is asked to remove the service."""
    if isinstance(data, list):
        return [_strangers_removal(one) for one in data]
    if not isinstance(data, dict):
        return data
    told = {key: _strangers_removal(value) for key, value in data.items()}
    words = {key: RemoveContainer.kind for key in ("do", "operation") if data.get(key) == "remove"}
    return {**told, **words}


UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _strangers_removal}
"""How a file of an earlier format is read: by its version, what makes it one of the next."""
