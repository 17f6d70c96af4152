"""Requests that no engine takes: both refuse them alike, word for word, and go on."""

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from churn.system.engines.docker.client import Client
from churn.system.standin.image import TAG

CREATE = "/containers/create"
_STRUCT = "json: cannot unmarshal {} into Go struct field {} of type {}"
_VALUE = "json: cannot unmarshal array into Go value of type {}"
_HOST, _PLACE = "HostConfig.HostConfig", "NetworkingConfig.NetworkingConfig.EndpointsConfig"


def config(**values: Any) -> Mapping[str, Any]:
    return {"Image": TAG, **values}


def host(**values: Any) -> Mapping[str, Any]:
    return config(ExposedPorts={"80/tcp": {}}, HostConfig=values)


def bound(port: Any, key: str = "80/tcp") -> Mapping[str, Any]:
    return host(PortBindings={key: [{"HostPort": port}]})


def placed(value: Any) -> Mapping[str, Any]:
    return config(NetworkingConfig={"EndpointsConfig": value})


def invalid(port: str) -> str:
    return f'invalid port specification: "{port}"'


CONTAINERS: Mapping[str, tuple[Any, int, str]] = {
    # -- no JSON, and JSON of other kinds
    "nothing": (b"", 500, "EOF"),
    "cut": (b'{"Image": "x', 500, "unexpected EOF"),
    "a word": (b"x", 500, "invalid character 'x' looking for beginning of value"),
    "no number": (b'{"Memory": NaN}', 500, "invalid character 'N' looking for beginning of value"),
    "deep": (b"[" * 20_000, 500, "invalid character '[' exceeded max depth"),
    "a list": ([], 500, _VALUE.format("runconfig.ContainerConfigWrapper")),
    "nothing in it": ({}, 400, "Config cannot be empty in order to create a container"),
    "unknown keys": ({"a": 1}, 400, "Config cannot be empty in order to create a container"),
    "host": (config(HostConfig=[]), 500, _STRUCT.format("array", "ContainerConfigWrapper.HostConfig", "container.HostConfig")),
    "any case": ({"image": TAG, "hostconfig": 5}, 500,
                 _STRUCT.format("number", "ContainerConfigWrapper.HostConfig", "container.HostConfig")),
    "environment": (config(Env=[5]), 500, _STRUCT.format("number", "ContainerConfigWrapper.Env", "string")),
    "command": (config(Cmd=[5]), 500, _STRUCT.format("array", "ContainerConfigWrapper.Cmd", "string")),
    "label": (config(Labels={"a": 1}), 500, _STRUCT.format("number", "ContainerConfigWrapper.Labels", "string")),
    "volumes": (config(Volumes="x"), 500, _STRUCT.format("string", "ContainerConfigWrapper.Volumes", "map[string]struct {}")),
    "a fraction": (config(StopTimeout=1.5), 500, _STRUCT.format("number 1.5", "ContainerConfigWrapper.StopTimeout", "int")),
    "mount": (host(Mounts=[5]), 500, _STRUCT.format("number", f"{_HOST}.Mounts", "mount.Mount")),
    "policy": (host(RestartPolicy={"MaximumRetryCount": "3"}), 500,
               _STRUCT.format("string", "RestartPolicy.HostConfig.RestartPolicy.MaximumRetryCount", "int")),
    # -- ports
    "bindings": (host(PortBindings=[5]), 500, _STRUCT.format("array", f"{_HOST}.PortBindings", "nat.PortMap")),
    "binding": (host(PortBindings={"80/tcp": {}}), 500,
                _STRUCT.format("object", f"{_HOST}.PortBindings", "[]nat.PortBinding")),
    "address": (host(PortBindings={"80/tcp": [{"HostIp": 5}]}), 500,
                _STRUCT.format("number", "PortBinding.HostConfig.PortBindings.HostIp", "string")),
    "host port": (bound(80), 500, _STRUCT.format("number", "PortBinding.HostConfig.PortBindings.HostPort", "string")),
    **{f"host port {port!r}": (bound(port), 400, invalid(port))
       for port in ("99999", "-1", "x", "80-", "90-80", "1-65536", " 80", "+80", "\uff18\uff10")},
    **{f"port {port!r}": (bound("", f"{port}/tcp"), 400, invalid(port)) for port in ("x", "-1", "65536", "80-82", " 80")},
    # -- networks
    "endpoints": (placed([]), 500, _STRUCT.format("array", _PLACE, "map[string]*network.EndpointSettings")),
    "endpoint": (placed({"bridge": "x"}), 500, _STRUCT.format("string", _PLACE, "network.EndpointSettings")),
    "no endpoint": (placed({"bridge": None}), 400, "no EndpointSettings for bridge"),
    "aliases": (placed({"bridge": {"Aliases": "x"}}), 500,
                _STRUCT.format("string", f"EndpointSettings.{_PLACE.partition('.')[2]}.Aliases", "[]string")),
    "own address": (placed({"bridge": {"IPAMConfig": {"IPv4Address": "x"}}}), 400, "invalid IPv4 address: x"),
    "several": (placed({"bridge": {}, "other": {}}), 400, "Container cannot be connected to network endpoints: bridge, other"),
    # -- what can be read, and not be had
    "variable": (config(Env=["=x"]), 400, "invalid environment variable: =x"),
    "folder": (config(WorkingDir="x"), 400, "the working directory 'x' is invalid, it needs to be an absolute path"),
    "signal": (config(StopSignal="FOO"), 400, "Invalid signal: FOO"),
    "memory": (host(Memory=5), 400, "Minimum memory limit allowed is 6MB"),
    "swap": (host(MemorySwap=5), 400, "You should always set the Memory limit when using Memoryswap limit, see usage"),
    "reservation": (host(MemoryReservation=5), 400, "Minimum memory reservation allowed is 6MB"),
    "kernel memory": (host(KernelMemory=5), 400, "Minimum kernel memory limit allowed is 6MB"),
    "period": (host(CpuPeriod=5), 400,
               "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"),
    "quota": (host(CpuQuota=5), 400, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
    "processors": (host(CpusetCpus="0-x"), 400, "Invalid value 0-x for cpuset cpus: invalid format: 0-x"),
    "operations": (host(IOMaximumIOps=5), 500, "Invalid QoS settings: linux does not support configuration of maximum IOPs"),
    "weight": (host(BlkioWeight=-1), 500, _STRUCT.format("number -1", f"{_HOST}.BlkioWeight", "uint16")),
    "capability": (host(CapAdd=["NET_ADMIN", "cap_x"]), 400, 'invalid CapAdd: unknown capability: "CAP_X"'),
    "further host": (host(ExtraHosts=["x"]), 400, 'bad format for add-host: "x"'),
    "group": (host(CgroupnsMode="x"), 400, "invalid cgroup namespace mode: x"),
    "processes": (host(PidMode=5), 500, _STRUCT.format("number", f"{_HOST}.PidMode", "container.PidMode")),
    "isolation": (host(Isolation="x"), 500, "Invalid isolation: \"x\" - linux only supports 'default'"),
    "no program": (config(Entrypoint=[]), 400, "No command specified"),
    "shared memory": (host(ShmSize=-1), 400, "SHM size can not be less than 0"),
    "retries": (host(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": -1}), 400,
                "maximum retry count cannot be negative"),
}  # fmt: skip
OTHERS: Mapping[str, tuple[str, Any, int, str]] = {
    "network, nothing": ("/networks/create", b"", 400, "got EOF while reading request body"),
    "network, a list": ("/networks/create", [], 400, _VALUE.format("types.NetworkCreateRequest")),
    "network, labels": ("/networks/create", {"Name": "n", "Labels": {"a": 1}}, 400,
                        _STRUCT.format("number", "NetworkCreateRequest.Labels", "string")),
    "network, subnet": ("/networks/create", {"Name": "n", "IPAM": {"Config": [{"Subnet": 5}]}}, 400,
                        _STRUCT.format("number", "IPAMConfig.IPAM.Config.Subnet", "string")),
    "volume, labels": ("/volumes/create", {"Name": "n", "Labels": 5}, 400,
                       _STRUCT.format("number", "VolumeCreateBody.Labels", "map[string]string")),
    "connect": ("/networks/bridge/connect", {"Container": "c", "EndpointConfig": {"Links": 5}}, 400,
                _STRUCT.format("number", "EndpointSettings.EndpointConfig.Links", "[]string")),
    "disconnect": ("/networks/bridge/disconnect", {"Container": 5}, 400,
                   _STRUCT.format("number", "NetworkDisconnect.Container", "string")),
    "update": ("/containers/c/update", {"Memory": "x"}, 500, _STRUCT.format("string", "UpdateConfig.Memory", "int64")),
}  # fmt: skip
QUERIES: Mapping[str, tuple[str, int, str]] = {
    "limit": ("/containers/json?limit=1e3", 500, 'strconv.Atoi: parsing "1e3": invalid syntax'),
    "far": ("/containers/json?limit=9999999999999999999", 500,
            'strconv.Atoi: parsing "9999999999999999999": value out of range'),
    "since": ("/events?since=nan", 500, 'strconv.ParseInt: parsing "nan": invalid syntax'),
    "until": ("/events?until=99999999999999999999", 500,
              'strconv.ParseInt: parsing "99999999999999999999": value out of range'),
}  # fmt: skip
ENGINES = ("served_engine", pytest.param("real_engine", marks=pytest.mark.docker))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_no_engine_takes_is_refused_in_the_engines_words(engine: str, request: pytest.FixtureRequest) -> None:
    told, meant = {}, {}
    with closing(Client(base_url=request.getfixturevalue(engine), version="1.41")) as client:
        for name, (body, *refusal) in CONTAINERS.items():
            told[name], meant[name] = refused(client, CREATE, body), refusal
        for name, (path, body, *refusal) in OTHERS.items():
            told[name], meant[name] = refused(client, path, body), refusal
        for name, (path, *refusal) in QUERIES.items():
            told[name], meant[name] = answer(client.get(f"{client.base_url}/v1.41{path}")), refusal
        assert client.ping()
    assert told == meant


def refused(client: Client, path: str, body: Any) -> list[Any]:
    data = body if isinstance(body, bytes) else json.dumps(body)
    return answer(
        client.post(f"{client.base_url}/v1.41{path}", data=data, headers={"Content-Type": "application/json"})
    )


def answer(reply: Any) -> list[Any]:
    """Code and message. Docker names several networks in any order."""
    message = reply.json()["message"]
    return [reply.status_code, message.replace("other, bridge", "bridge, other")]
