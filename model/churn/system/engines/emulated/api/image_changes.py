"""The instructions of a Dockerfile that an import may change an image's settings by."""

import json
import shlex

from churn.system.engines.emulated.api.message import Json
from churn.system.refusals import refusal

_SIMPLE = {"WORKDIR": "WorkingDir", "USER": "User", "STOPSIGNAL": "StopSignal"}


def change(config: Json, instruction: str) -> None:
    """Apply one instruction of a Dockerfile."""
    word, _, rest = instruction.strip().partition(" ")
    match word.upper():
        case "ENTRYPOINT":
            config["Entrypoint"] = _command(rest)
        case "CMD":
            config["Cmd"] = _command(rest)
        case "WORKDIR" | "USER" | "STOPSIGNAL" as known:
            config[_SIMPLE[known]] = rest
        case "ENV":
            config["Env"] = [*config.get("Env", ()), *_pairs(rest)]
        case "LABEL":
            config["Labels"] = {**config.get("Labels", {}), **dict(pair.split("=", 1) for pair in _pairs(rest))}
        case "EXPOSE":
            ports: Json = {port if "/" in port else f"{port}/tcp": {} for port in rest.split()}
            config["ExposedPorts"] = {**config.get("ExposedPorts", {}), **ports}
        case "VOLUME":
            config["Volumes"] = {**config.get("Volumes", {}), **{path: {} for path in _words(rest)}}
        case _:
            raise refusal(400, f"{word} is not a valid change command")


def _pairs(text: str) -> list[str]:
    """``key=value`` words; of an older form, ``key value``, the one."""
    words = shlex.split(text)
    return words if "=" in words[0] else [text.replace(" ", "=", 1)]


def _words(text: str) -> list[str]:
    return list(json.loads(text)) if text.startswith("[") else shlex.split(text)


def _command(text: str) -> list[str]:
    return list(json.loads(text)) if text.startswith("[") else ["/bin/sh", "-c", text]
