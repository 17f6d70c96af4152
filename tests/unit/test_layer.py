"""What an engine puts into a container's layer by itself is no change that somebody made."""

import pytest

from churn.system.engines.docker.layer import own_changes

MODIFIED, ADDED, DELETED = range(3)
CONTAINER = {
    "Mounts": [{"Destination": "/data/deep/er"}],
    "HostConfig": {"Tmpfs": {"/scratch": ""}},
    "Config": {"WorkingDir": "/app/deep", "Volumes": {"/var/lib/store": {}}},
}


@pytest.mark.parametrize(
    "path",
    [
        "/data", "/data/deep/er", "/scratch", "/app/deep", "/var/lib/store", "/sbin", "/sbin/docker-init", "/dev", "/dev/init",
        "/run/podman-init", "/run/.containerenv", "/etc", "/etc/hosts",
    ],
)  # fmt: skip
def test_what_the_engine_makes_is_left_out(path: str) -> None:
    assert own_changes([{"Path": path, "Kind": ADDED}], CONTAINER) == ()


@pytest.mark.parametrize("path", ["/data/other", "/etc/passwd", "/app/deep/file", "/sbin/other", "/var/x", "/datas"])
def test_what_somebody_put_there_counts(path: str) -> None:
    assert own_changes([{"Path": path, "Kind": ADDED}], CONTAINER) == (path,)


DRIVERS = (
    "/usr/bin/nvidia-smi", "/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.535.86",
    "/etc/ld.so.cache", "/run/nvidia-persistenced/socket",
)  # fmt: skip


@pytest.mark.parametrize("host", [{"DeviceRequests": [{"Count": -1}]}, {"Runtime": "nvidia"}, {"Runtime": "runc"}])
def test_drivers_of_gpus_are_the_engines_where_one_was_asked_for(host: dict[str, object]) -> None:
    changed = [{"Path": path, "Kind": ADDED} for path in (*DRIVERS, "/usr/bin", "/usr/bin/new")]
    left = own_changes(changed, {"HostConfig": host})
    everything = tuple(sorted(one["Path"] for one in changed if one["Path"] != "/usr/bin/new"))  # type: ignore[type-var]
    assert left == (("/usr/bin/new",) if host != {"Runtime": "runc"} else tuple(sorted((*everything, "/usr/bin/new"))))


def test_what_is_gone_counts_wherever_it_was() -> None:
    assert own_changes([{"Path": "/etc/hosts", "Kind": DELETED}, {"Path": "/data", "Kind": MODIFIED}], CONTAINER) == (
        "/etc/hosts",
    )


def test_a_container_of_which_little_is_told_is_fine() -> None:
    told = {"Mounts": None, "HostConfig": {"Tmpfs": None}, "Config": {"Volumes": None, "WorkingDir": ""}}
    assert own_changes([{"Path": "/new", "Kind": ADDED}], told) == ("/new",)
