"""A double of AIMA's program: its command line, shapes of output, port rule, labels, names and words, over a correct manager.

It knows what the driver uses, and what a user may get wrong. What is underneath is the reference manager on the engine that
DOCKER_HOST names; AIMA_DOUBLE_DEFECTS plants bugs in it (names of `churn defects`, with commas between), CHURN_LABELS puts
further labels on its containers (``key=value``, likewise).
"""

import argparse
import json
import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

from attrs import evolve

from churn.errors import EngineError
from churn.system.clock import RealClock, today
from churn.system.engines.docker import DockerEngine
from churn.system.host import RealHost
from churn.system.managers.defects import defective
from churn.system.managers.reference import Record, ReferenceManager, ServiceError, Settings, Store
from churn.system.protocols import ListedContainer, Mount, Spec

MANAGED, ENGINE = "aima.managed", "aima.engine"
ENGINES = {"tts": "tts", "asr": "whisper"}
"""By a model's type; of all others it makes `_OTHER`."""
_OTHER = "vllm"
IMAGES = {"tts": "qujing-qwen3-tts-real:latest", "whisper": "qujing-glm-asr-nano:latest", "vllm": "zhiwen-vllm:0128"}
HEALTH = {"whisper": "/"}
WORDS = {"created": "creating"}
FIRST_PORT = 8000

Words = argparse.Namespace


class Rules(ReferenceManager):
    """AIMA's way with ports, names and labels: its containers carry no service, so that a service's are told by its port."""

    asynchronous = False
    further: Mapping[str, str] = {}

    def choose_port(self) -> int:
        return max((record.port for record in self.store.all()), default=FIRST_PORT - 1) + 1

    def session_labels(self) -> dict[str, str]:
        return {MANAGED: "true"}

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        rows = self.engine.list(self.session_labels())
        return tuple(row for row in rows if record.port in self.engine.inspect(row.id).ports)

    def spec(self, record: Record) -> Spec:
        engine = record.name.split("-")[1]
        return evolve(
            super().spec(record),
            image=IMAGES[engine],
            name=f"aima-{engine}-{int(today().timestamp())}",
            command=("uvicorn", "main:app", "--host", "0.0.0.0", "--port", str(record.port)),  # noqa: S104 -- as AIMA
            labels={**self.further, MANAGED: "true", ENGINE: engine},
            mounts=(Mount(record.folder, "/model"),) if record.folder else (),
        )

    def await_health(self, record: Record, container: str) -> None:
        if not self.asynchronous:
            super().await_health(record, container)


class Double:
    """The commands. What they print on stdout is what they return."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.folder = Path(os.environ.get("AIMA_DATA_DIR") or Path.home() / ".aima")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(str(self.folder / "aima.db"))
        self._models = self.folder / "models.json"

    # -- models -------------------------------------------------------------------------------------------------------

    def model_create(self) -> str:
        model = f"model-{uuid.uuid4().hex[:8]}"
        models = {model: {"name": self.words.name, "type": self.words.type, "path": self.words.path}, **self.models()}
        self._models.write_text(json.dumps(models))
        return shown({"model_id": model})

    def model_list(self) -> str:
        items = [
            {"id": model, "name": told["name"], "status": "pending", "type": told["type"]}
            for model, told in self.models().items()
        ]
        return shown({"items": items, "total": len(items)})

    def models(self) -> dict[str, dict[str, str]]:
        return cast("dict[str, dict[str, str]]", json.loads(self._models.read_text())) if self._models.exists() else {}

    # -- services -----------------------------------------------------------------------------------------------------

    def service_create(self) -> str:
        told = self.models().get(self.words.model)
        if told is None:
            raise ServiceError(f"no such model: {self.words.model}")
        service = f"svc-{ENGINES.get(told['type'], _OTHER)}-{self.words.model}"
        self.manager().create(service, told["path"])
        return f"{done(f'There is a service for model {self.words.model}')}{shown({'service_id': service})}"

    def service_start(self) -> str:
        print("  [pull] The image is there", flush=True)  # noqa: T201 -- told while it goes on
        service, asynchronous = self.words.id, self.words.asynchronous
        log("INFO", f"starting in a container service={service}")
        self.manager(service).start(service)
        if asynchronous:
            return (
                f"{done(f'Service {service} was started')}\nSee 'aima service status'\nSee 'docker logs'\n{shown(OKAY)}"
            )
        return f"  [ready] It answers\n{done(f'Service {service} is up')}{shown(OKAY)}"

    def service_stop(self) -> str:
        log("INFO", f"stopping the container by its port service={self.words.id}")
        self.manager(self.words.id).stop(self.words.id)
        return done(f"Service {self.words.id} is stopped")

    def service_list(self) -> str:
        rows = [{**row(*told), "replicas": 1} for told in reversed(self.manager().list())]
        return shown({"services": rows, "total": len(rows)})

    def service_status(self) -> str:
        told = row(*self.manager(self.words.id).status(self.words.id))
        return shown({**told, "name": f"service-{self.words.id}"})

    def manager(self, service: str = "") -> ReferenceManager:
        clock = RealClock()
        engine = service.split("-")[1] if service.count("-") > 1 else ""
        settings = Settings(
            session="aima",
            start_timeout=float(self.words.timeout),
            health_path=HEALTH.get(engine, "/health"),
            health_interval=0.1,
        )
        planted = tuple(filter(None, os.environ.get("AIMA_DOUBLE_DEFECTS", "").split(",")))
        made = type("Planted", (Rules, defective(planted)), {})(
            self.store,
            DockerEngine(os.environ),
            RealHost(folders=self.folder, clock=clock),
            clock,
            settings,
        )
        made.asynchronous = self.words.asynchronous
        further = filter(None, os.environ.get("CHURN_LABELS", "").split(","))
        made.further = dict(label.partition("=")[::2] for label in further)
        return cast("ReferenceManager", made)


# -- how it prints ----------------------------------------------------------------------------------------------------

OKAY = {"success": True}


def shown(value: Any) -> str:
    """As AIMA shows JSON: sorted, indented, without a newline at its end."""
    return json.dumps(value, indent=2, sort_keys=True)


def done(message: str) -> str:
    return f"{shown({'message': message, **OKAY})}\n"


def row(service: str, status: str, port: int) -> dict[str, Any]:
    return {
        "endpoints": [f"http://localhost:{port}"],
        "id": service,
        "model_id": service.split("-", 2)[2],
        "status": WORDS.get(status, status),
    }


def log(level: str, words: str) -> None:
    print(f"{today():%Y/%m/%d %H:%M:%S} {level} {words}", file=sys.stderr)  # noqa: T201 -- as AIMA does


def fail(parser: argparse.ArgumentParser, short: str, message: str = "") -> NoReturn:
    """The end of a command that failed: the error as an object where there is one, the short words, the usage; code 1."""
    told = f"{shown({'error': {'message': message}, 'success': False})}\n" if message else ""
    usage = parser.format_help().partition("usage: ")[2]
    print(f"{told}Error: {short}\nUsage:\n  {usage}", file=sys.stderr)  # noqa: T201 -- as AIMA does
    raise SystemExit(1)


# -- its command line -------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A wrong argument ends it as any failure does."""

    def error(self, message: str) -> NoReturn:
        fail(self, message)


def grammar() -> Parser:
    """Global flags; then a group and a command of it, each with flags of its own."""
    top = Parser(prog="aima")
    top.add_argument("-o", "--output", default="table")
    top.set_defaults(timeout=30, asynchronous=False, group=top)
    groups = top.add_subparsers(required=True)

    def command(group: Any, name: str, act: Any, *ids: str) -> Parser:
        made = cast("Parser", group.add_parser(name))
        made.set_defaults(act=act, group=made)
        for word in ids:
            made.add_argument(word)
        return made

    models = within(groups, "model")
    create = command(models, "create", Double.model_create, "name")
    create.add_argument("-t", "--type", default="llm")
    create.add_argument("--path", default="")
    command(models, "list", Double.model_list)

    services = within(groups, "service")
    command(services, "create", Double.service_create).add_argument("-m", "--model", required=True)
    start = command(services, "start", Double.service_start, "id")
    start.add_argument("-w", "--wait", action="store_true")
    start.add_argument("-a", "--async", dest="asynchronous", action="store_true")
    start.add_argument("-t", "--timeout", type=int, default=300)
    command(services, "stop", Double.service_stop, "id")
    command(services, "list", Double.service_list)
    command(services, "status", Double.service_status, "id")
    return top


def within(groups: Any, name: str) -> Any:
    """The commands of a group."""
    return groups.add_parser(name).add_subparsers()


def main() -> None:
    parser = grammar()
    words = parser.parse_args()
    for part in ("store", "engines", "assets", "operator"):
        log("INFO", f"{part} ready")
    if "act" not in words:  # a command that it does not have is no error, and gets help
        parser.print_help()
        return
    try:
        print(words.act(Double(words)), end="")  # noqa: T201 -- its answer
    except (ServiceError, EngineError) as error:
        log("WARN", f'it failed error="{error}"')
        fail(words.group, f"{words.group.prog} failed", f"EXECUTION_FAILED: it failed\ndetails: {error}")


if __name__ == "__main__":
    main()
