"""Processes that do not outlive the one that started them, whatever ends that."""

import ctypes
import os
import signal
import sys

_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def end_with(parent: int) -> None:
    """Let this process get SIGTERM when the thread that started it has ended, of the process `parent`; at once if it has.

    That holds on Linux. Elsewhere it gets SIGTERM only if that process has ended by now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before that was asked for
        os.kill(os.getpid(), signal.SIGTERM)
