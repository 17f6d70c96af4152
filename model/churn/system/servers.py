"""What model servers answer over HTTP: vLLM, the server of llama.cpp, Ollama and TGI, as far as those who start them ask.

One table (`servers.txt`) is read here, for servers in emulated containers, and by the script of the stand-in. A line has a
method, a path, the kind of the content, and the content, in which `PLACE` stands for the name of the model.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from attrs import frozen

PLACE = "@"
UNNAMED = "stand-in"
"""The name of a model that nobody has named, or by a name that would have to be spelled otherwise in JSON."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._:/@+-]+")
_NAMING = (("--alias", "--served-model-name"), ("--model", "--model-id", "-m"))
"""Arguments that name the model, those first that name what clients are to call it."""
_SERVE, _LLAMA = "serve", "llama-server"
TEXT, JSON = "text/plain", "application/json"


@frozen
class Answer:
    """A status, and the content with its kind."""

    status: int
    kind: str
    content: str


_LOADING = Answer(503, JSON, '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}')
_UNHEALTHY = Answer(503, TEXT, "unhealthy")
_NOT_FOUND = Answer(404, TEXT, "not found")
_WRONG_METHOD = Answer(405, TEXT, "method not allowed")


def table() -> str:
    """The table's text."""
    return files("churn.system").joinpath("servers.txt").read_text(encoding="utf-8")


@cache
def _table() -> Mapping[tuple[str, str], tuple[str, str]]:
    rows = (line.split(" ", 3) for line in table().splitlines())
    return MappingProxyType({(method, path): (kind, content) for method, path, kind, content in rows})


def answer(argv: Sequence[str], method: str, path: str, *, healthy: bool = True) -> Answer:
    """What a server with these arguments, that is up, answers to a request; HEAD is asked as GET."""
    if not healthy:
        return _UNHEALTHY
    found = _table().get((method, path))
    if found is None:
        return _NOT_FOUND if method == "GET" else _WRONG_METHOD
    kind, content = found
    return Answer(200, kind, content.replace(PLACE, model_of(argv)))


def answer_while_loading(argv: Sequence[str]) -> Answer | None:
    """What one answers that loads its model yet, to whatever it is asked; None: nothing listens until it has."""
    is_llama = any(word == _LLAMA or word.endswith(f"/{_LLAMA}") for word in argv)
    return _LOADING if is_llama else None


def model_of(argv: Sequence[str]) -> str:
    """The name by which the server calls its model."""
    told = next((name for names in _NAMING for name in _values(argv, names)), "")
    if not told and _SERVE in argv:
        after = argv[argv.index(_SERVE) + 1 :][:1]
        told = next((word for word in after if not word.startswith("-")), "")
    return told if _PLAIN_NAME.fullmatch(told) else UNNAMED


def _values(argv: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """The values of these arguments, as ``--name VALUE`` or ``--name=VALUE``, the last first."""
    for place in reversed(range(len(argv))):
        name, equals, value = argv[place].partition("=")
        if name in names:
            told = value if equals else (*argv[place + 1 :], "")[0]
            if told:
                yield told
