"""Differences between the engines that are as they should be; each is shown by a test, so that none outlives its cause."""

from calls import Explained

EXPLAINED: tuple[Explained, ...] = ()
