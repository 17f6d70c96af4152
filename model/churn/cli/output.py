"""Standard output and error of the command line: what cannot be written there does not end a run, nor change its exit code."""

import io
import sys
from typing import TextIO


def forgiving_output() -> None:
    """Make both streams such that nobody who prints there has to fear an error.

    What a reader that has gone, as in ``churn run | head``, or a full disk keeps from being written is lost. Characters that
    the stream's encoding has not are spelled out.
    """
    if sys.stdout is sys.__stdout__:  # else somebody catches the output, who knows better
        sys.stdout = _forgiving(sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _forgiving(sys.stderr)


def _forgiving(stream: TextIO | None) -> TextIO:
    """The same stream, or one that leads nowhere where it is closed."""
    if stream is None:
        return io.StringIO()
    raw: io.RawIOBase = _Forgiving(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=True
    )


class _Forgiving(io.FileIO):
    """A file to which writing always succeeds."""

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # any buffer, as above
        """As in the class above; what cannot be written is taken all the same."""
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes
