"""Podman speaks Docker's API, with an accent: what it tells otherwise is understood as Docker's."""

import json
from typing import Any

import pytest

from churn import errors
from churn.doctor.engine import version
from churn.lifecycle.observation import ResourceKind
from churn.system.engines.docker import About, ask_identity
from churn.system.engines.docker.events import EventReader
from churn.system.engines.docker.wire import about, as_asked, carrying, identity_of, inspected, listed, resources
from churn.system.refusals import refusal

ID = "ca4bb5a4eae6" + 52 * "0"
INFO = {"ID": "made-up-1", "BuildahVersion": "1.28.2", "Name": "here", "DockerRootDir": "/var/lib/containers",
        "SystemTime": "1970-01-01T00:00:00Z", "OperatingSystem": "debian"}  # fmt: skip
VERSION = {"Version": "4.3.1", "ApiVersion": "1.41"}
ENTRY = {"Id": ID, "Names": ["/web"], "State": "running", "Image": "docker.io/churn/stand-in:1", "Labels": None,
         "Ports": [{"PrivatePort": 80, "PublicPort": 8000, "Type": "tcp"}]}  # fmt: skip


def test_its_id_is_another_one_in_each_answer_so_its_place_tells_which_it_is() -> None:
    again = {**INFO, "ID": "made-up-2"}
    assert identity_of(INFO) == identity_of(again) == "podman on here, in /var/lib/containers"
    assert identity_of({**INFO, "DockerRootDir": "/elsewhere"}) != identity_of(INFO)
    told = about(INFO, VERSION)
    assert (
        ask_identity(told.kind).replace("{{.Name}}", "here").replace("{{.DockerRootDir}}", "/var/lib/containers")
        == told.identity
    )


def test_docker_is_told_by_its_id() -> None:
    assert identity_of({"ID": "X:Y", "Name": "here", "DockerRootDir": "/var/lib/docker"}) == "X:Y"
    assert ask_identity("Docker") == "{{.ID}}"


class _Engine:
    """An engine that tells what is looked at here."""

    def __init__(self, told: About) -> None:
        self.told = told

    def about(self) -> About:
        return self.told


@pytest.mark.parametrize(("number", "sign"), [("4.3.1", "ok"), ("3.4.2", "note"), ("5.4.0", "note")])
def test_the_doctor_knows_which_versions_of_it_were_tried(number: str, sign: str) -> None:
    found = version(_Engine(about(INFO, {**VERSION, "Version": number})))  # type: ignore[arg-type]  # no more is asked
    assert found.verdict.value == sign
    assert f"Podman {number}, API 1.41" in found.found


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ("docker.io/churn/stand-in:1", "churn/stand-in:1"),
        ("docker.io/library/busybox:latest", "busybox:latest"),
        ("localhost/mine:2", "mine:2"),
        ("ghcr.io/ollama:1", "ghcr.io/ollama:1"),
    ],
)
def test_images_are_called_as_people_write_them(told: str, asked: str) -> None:
    assert as_asked(told) == asked
    images = [{"Id": "x", "RepoTags": [told], "Labels": {}}]
    assert [found.name for found, _ in resources((), (), images, as_asked) if found.kind is ResourceKind.IMAGE] == [
        asked
    ]


def test_ports_of_a_container_that_has_ended_are_not_its_own_any_more() -> None:
    assert listed(ENTRY, as_asked).ports == (8000,)
    assert listed({**ENTRY, "State": "exited"}).ports == ()
    assert listed(ENTRY, as_asked).image == "churn/stand-in:1"


def test_the_name_that_it_gives_a_container_in_itself_is_no_setting() -> None:
    told: dict[str, Any] = {
        "Id": ID,
        "Name": "/web",
        "RestartCount": 0,
        "State": {"Status": "running", "ExitCode": 0, "Error": ""},
        "Config": {"Image": "docker.io/x:1", "Labels": {}, "Env": ["HOSTNAME=ca4bb5a4eae6", "MODE=1"]},
        "HostConfig": {"RestartPolicy": {"Name": ""}, "PortBindings": {}},
    }
    form = inspected(told, as_asked).form
    assert form is not None
    assert [part for part in form if part.startswith("env ")] == ["env MODE"]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('the container name "a" is already in use by 71: that name is already in use', errors.NameTaken),
        ("running container create option: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument", errors.BadParameter),
        ("web not found: layer not known", errors.NotFound),
        ("can only kill running containers. 1 is in state created: container state improper", errors.Conflict),
        ("network name x already used: network already exists", errors.Conflict),
        ("cannot remove container 1 as it is running - running or paused containers cannot be removed without force",
         errors.Conflict),
        ("rootlessport listen tcp 0.0.0.0:80: bind: address already in use", errors.PortTaken),
        ("something else", errors.ServerError),
    ],
)  # fmt: skip
def test_its_refusals_are_told_apart_by_their_texts(message: str, kind: type[errors.EngineError]) -> None:
    assert type(refusal(500, message)) is kind


def test_no_filter_is_sent_where_nothing_is_to_be_filtered() -> None:
    assert carrying({}) == carrying(None) == {}
    assert carrying({"a": "", "b": "c"}) == {"label": ["a", "b=c"]}


class _Api:
    """Answers questions for events with all that there are, whatever the fraction of the second."""

    base_url, api_version = "http://engine", "1.41"

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events, self.asked = events, []  # type: ignore[var-annotated]  # what was asked

    def info(self) -> dict[str, str]:
        return INFO

    def get(self, _: str, *, params: dict[str, str], timeout: int) -> Any:  # noqa: ARG002 -- the SDK's words
        self.asked.append(params)
        lines = "\n".join(map(json.dumps, self.events))

        class _Answer:
            text = lines

            def raise_for_status(self) -> None:
                """It went well."""

        return _Answer()


def test_its_events_are_asked_for_by_whole_seconds_and_each_is_told_once() -> None:
    api = _Api([])
    reader = EventReader(api, local=True)
    since = reader._feed.since
    api.events = [
        {"timeNano": since - 5, "Action": "start", "Actor": {"ID": ID}},
        {"timeNano": since + 5, "Action": "die", "Actor": {"ID": ID}},
        {"timeNano": since + 7, "Action": "remove", "Actor": {"ID": ID}},
    ]
    assert [event.action for event in reader.read()] == ["die", "destroy"]
    assert reader.read() == ()
    assert api.asked[0]["since"].isdecimal()
    assert (api.asked[0]["stream"], "until" in api.asked[0]) == ("false", False)
