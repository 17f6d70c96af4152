"""Words that are mistyped: what was probably meant."""

from collections.abc import Iterable

_ALIKE = 0.4
"""How much a wrong word has to be like a right one for that to be suggested, from 0 to 1."""


def nearest(word: str, known: Iterable[str], *, alike: float = _ALIKE) -> str:
    """A question after the known word that is most like this one; empty where none is like it."""
    from difflib import get_close_matches  # only where something is mistyped: every command comes by here

    found = get_close_matches(word, tuple(known), n=1, cutoff=alike)
    return f"did you mean {found[0]}?" if found else ""
