"""Ids, as an engine makes them: 64 hexadecimal digits."""

import hashlib

from attrs import define


def identity(*words: object) -> str:
    """64 hexadecimal digits that these words, and no others, have."""
    return identity_of(":".join(map(str, words)))


def identity_of(text: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@define
class Identities:
    """An engine's ids, each given once. `seed` stands for the engine; `count` is how many numbers were given."""

    seed: int
    count: int = 0

    def number(self) -> int:
        """A number that nothing here has yet."""
        self.count += 1
        return self.count

    def new(self) -> str:
        """An id that nothing here has yet."""
        return identity(self.seed, self.number())
