"""Ids, as an engine makes them: 64 hexadecimal digits."""

import hashlib


def identity(*words: object) -> str:
    """64 hexadecimal digits that these words, and no others, have."""
    return identity_of(":".join(map(str, words)))


def identity_of(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
