"""Texts of the shapes that AIMA prints."""

import json
from typing import Any

MODEL, SERVICE = "model-1b2c3d4e", "svc-tts-model-1b2c3d4e"

OPENING = "".join(f"2031/02/03 04:05:06 INFO part {part} is ready count={part}\n" for part in range(4))
USAGE = "Usage:\n  aima service do <what> [flags]\n\nFlags:\n  -h, --help   help for do\n\n"


def shown(value: Any) -> str:
    """As AIMA shows JSON: sorted, indented, no newline at the end."""
    return json.dumps(value, indent=2, sort_keys=True)


def row(word: str = "running", port: int = 8000, model: str = MODEL) -> dict[str, Any]:
    return {
        "endpoints": [f"http://localhost:{port}"], "id": f"svc-tts-{model}", "model_id": model, "replicas": 1, "status": word,
    }  # fmt: skip


def listing(*rows: dict[str, Any]) -> str:
    return shown({"services": list(rows), "total": len(rows)})


def failure(message: str, words: str = "it went wrong") -> str:
    """The end of stderr where a command failed."""
    return f"{shown({'error': {'message': message}, 'success': False})}\nError: {words}\n{USAGE}"


PROGRESS = "  [pull] looking\n  [start] container 0123456789ab is up\n  [load] waiting\n"
DONE = f"{shown({'message': 'it is done', 'success': True})}\n"
CREATED = f"{DONE}{shown({'service_id': SERVICE})}"
STATUS = shown({"name": "service-x", **{key: value for key, value in row("stopped").items() if key != "replicas"}})
ASYNC = f"{DONE}\nSee 'aima x' for how it goes on\nSee 'docker y' for more\n{shown({'success': True})}"
