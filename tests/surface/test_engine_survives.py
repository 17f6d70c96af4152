"""The served engine outlives its clients: whatever they ask, and whatever lies in the folders that they mount, it answers on."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from churn.system.engines.docker.client import Client
from churn.system.engines.emulated.api.ports import BehaviourFiles
from churn.system.engines.emulated.api.server import EngineServer, ServerSettings, served
from churn.system.engines.emulated.container import Timing
from churn.system.host import BEHAVIOUR
from churn.system.standin.image import TAG

QUICK = Timing(create=0.001, start=0.01, terminate=0.01, kill=0.01, remove=0.001, load=0.0)
DAY = 86_400
FEW_FILES = 128


@pytest.fixture
def server(folder: Path) -> Iterator[EngineServer]:
    with served(folder, ServerSettings(frozenset({TAG}), timing=QUICK)) as made:
        yield made


@pytest.fixture
def client(server: EngineServer) -> Iterator[Client]:
    with closing(Client(base_url=f"unix://{server.path}", version="1.41", timeout=10)) as made:
        yield made


def create(client: Client, **host: Any) -> str:
    body = {"Image": TAG, "ExposedPorts": {"80/tcp": {}}, "HostConfig": host}
    made = client.post(f"{client.base_url}/v1.41/containers/create", data=json.dumps(body))
    assert made.status_code == 201, made.text
    identity: str = made.json()["Id"]
    return identity


def start(client: Client, identity: str) -> str:
    """What the engine refuses it with; empty where it starts."""
    told = client.post(f"{client.base_url}/v1.41/containers/{identity}/start")
    return "" if told.status_code == 204 else str(told.json()["message"])


def test_connections_are_kept_for_as_long_as_clients_like(server: EngineServer, client: Client) -> None:
    assert client.ping()
    assert all(one.config.timeout_keep_alive > DAY for one in server._servers)


@pytest.mark.parametrize("port", ["", "23456"], ids=["the engine's choice", "a fixed port"])
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nonsense", ""),  # is read as any address
        ("192.0.2.1", "listen tcp4 192.0.2.1:{}: bind: cannot assign requested address"),
    ],
)
def test_an_address_that_is_not_this_machines(client: Client, address: str, told: str, port: str) -> None:
    made = create(client, PortBindings={"80/tcp": [{"HostIp": address, "HostPort": port}]})
    refused = start(client, made)
    assert refused.endswith(told.format(port or "49153")), refused
    assert bool(refused) == bool(told)
    assert client.ping()
    assert client.inspect_container(made)["State"]["Status"] == ("created" if told else "running")


def test_more_ports_than_can_be_had(client: Client) -> None:
    """Too many files are open, and then none of them is left."""
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    made = create(client, PortBindings={"80/tcp": [{"HostPort": ""}] * 5000})
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, most))
    try:
        assert "bind: too many open files" in start(client, made)
        assert client.ping()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    assert start(client, create(client, PortBindings={"80/tcp": [{"HostPort": ""}]})) == ""


def test_a_pattern_that_takes_for_ever(client: Client) -> None:
    client.create_volume("a" * 5000)
    told = client.get(f"{client.base_url}/v1.41/volumes", params={"filters": json.dumps({"name": ["(a+)+b"]})})
    assert told.status_code == 400
    assert "expected the pattern '(a+)+b' to be matched within 1 s" in told.json()["message"]
    assert client.ping()


# -- what lies in mounted folders -------------------------------------------------------------------------------------


def test_a_pipe_in_a_mounted_folder_lets_nobody_wait(client: Client, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / BEHAVIOUR)
    made = create(client, Binds=[f"{tmp_path}:/models"])
    assert start(client, made) == ""
    assert client.inspect_container(made)["State"]["Status"] == "running"


@pytest.mark.parametrize("kind", ["a link out", "a link to itself", "a folder", "bytes", "much", "nothing"])
def test_what_is_no_word_in_a_mounted_folder_is_not_read(kind: str, tmp_path: Path) -> None:
    folder, path = tmp_path / "models", tmp_path / "models" / BEHAVIOUR
    folder.mkdir()
    (tmp_path / "secret").write_text("crash")
    match kind:
        case "a link out":
            path.symlink_to(tmp_path / "secret")
        case "a link to itself":
            path.symlink_to(path)
        case "a folder":
            path.mkdir()
        case "bytes":
            path.write_bytes(b"\xff\xfe")
        case "much":
            path.write_text(" " * 10_000 + "crash")
    assert not BehaviourFiles().get(str(folder))


def test_a_link_within_a_mounted_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("crash\n")
    (tmp_path / BEHAVIOUR).symlink_to("words")
    assert BehaviourFiles().get(str(tmp_path)) == "crash"


def test_a_folder_of_no_name_at_all(client: Client) -> None:
    assert start(client, create(client, Binds=["/a\0b:/models"])) == ""
    assert client.ping()
