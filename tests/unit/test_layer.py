"""What an engine puts into a container's layer by itself is no change that somebody made."""

import pytest

from churn.system.engines.docker.layer import own_changes

MODIFIED, ADDED, DELETED = range(3)
CONTAINER = {
    "Mounts": [{"Destination": "/data/deep/er"}],
    "HostConfig": {"Tmpfs": {"/scratch": ""}},
    "Config": {"WorkingDir": "/work/deep", "Volumes": {"/var/lib/store": {}}},
}


@pytest.mark.parametrize(
    "path",
    [
        "/data", "/data/deep/er", "/scratch", "/work/deep", "/var/lib/store", "/sbin", "/sbin/docker-init", "/dev", "/dev/init",
        "/run/podman-init", "/run/.containerenv", "/etc", "/etc/hosts",
    ],
)  # fmt: skip
def test_what_the_engine_makes_is_left_out(path: str) -> None:
    assert own_changes([{"Path": path, "Kind": ADDED}], CONTAINER) == ()


@pytest.mark.parametrize("path", ["/data/other", "/etc/passwd", "/work/deep/file", "/sbin/other", "/var/x", "/datas"])
def test_what_somebody_put_there_counts(path: str) -> None:
    assert own_changes([{"Path": path, "Kind": ADDED}], CONTAINER) == (path,)


def test_what_is_gone_counts_wherever_it_was() -> None:
    assert own_changes([{"Path": "/etc/hosts", "Kind": DELETED}, {"Path": "/data", "Kind": MODIFIED}], CONTAINER) == (
        "/etc/hosts",
    )


def test_a_container_of_which_little_is_told_is_fine() -> None:
    told = {"Mounts": None, "HostConfig": {"Tmpfs": None}, "Config": {"Volumes": None, "WorkingDir": ""}}
    assert own_changes([{"Path": "/new", "Kind": ADDED}], told) == ("/new",)
