"""The docker SDK's own client in a test."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def answers_closed(api: Any) -> Iterator[None]:
    """Whatever that `APIClient` is answered is closed in the end, streams and sockets that it hands out included.

    The SDK leaves those to the garbage collector, also where what it handed out is closed.
    """
    with ExitStack() as answers:

        def note(answer: Any, **_: Any) -> None:
            answers.callback(answer.close)

        api.hooks["response"].append(note)
        yield
