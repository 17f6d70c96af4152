"""Volumes that containers mount: what is put into them, what is found gone, and what is cleared away."""

from copy import copy

import pytest
from builders import SETTINGS, Bench, bench

from churn.errors import NotFound
from churn.lifecycle.observation import Resource, ResourceKind
from churn.session.volumes import MARK, Volumes
from churn.system import ownership
from churn.system.protocols import Mount, MountedVolume

KEPT, PLAIN, NAMELESS = (
    Mount("kept-a", "/models", read_only=False),
    Mount("other", "/other"),
    Mount("", "/model", read_only=False),
)


@pytest.fixture
def docker() -> Bench:
    return bench()


@pytest.fixture
def volumes(docker: Bench) -> Volumes:
    """A sequence was begun; volumes whose names begin with ``kept`` are to be kept."""
    made = Volumes(docker.engine, ("kept-.*",))
    made.begin()
    return made


def look(docker: Bench, volumes: Volumes, *mounts: Mount, service: str | None = "a") -> tuple[str, ...]:
    """What is found gone when a new container with these mounts is seen."""
    identity = docker.create(f"c{len(docker.engine.list())}", mounts=mounts)
    return volumes.look(identity, service, docker.engine.inspect(identity).volumes)


def there(docker: Bench) -> set[str]:
    return {one.name for one in docker.engine.resources() if one.kind is ResourceKind.VOLUME}


def remove(docker: Bench, name: str) -> None:
    docker.engine.remove_resource(Resource(ResourceKind.VOLUME, name))


def test_what_was_put_into_a_volume_is_there_for_the_next_container(docker: Bench, volumes: Volumes) -> None:
    assert look(docker, volumes, KEPT) == ()
    assert look(docker, volumes, KEPT) == ()


def test_it_is_gone_where_the_volume_was_made_anew(docker: Bench, volumes: Volumes) -> None:
    look(docker, volumes, KEPT)
    remove(docker, KEPT.source)
    assert look(docker, volumes, KEPT) == ("/models",)
    assert look(docker, volumes, KEPT) == ()


def test_it_is_gone_where_another_services_volume_is_mounted(docker: Bench, volumes: Volumes) -> None:
    look(docker, volumes, KEPT)
    other = Mount("kept-b", "/models", read_only=False)
    look(docker, volumes, other, service="b")
    assert look(docker, volumes, other) == ("/models",)


def test_nothing_is_asked_of_a_service_that_is_made_anew(docker: Bench, volumes: Volumes) -> None:
    look(docker, volumes, KEPT)
    remove(docker, KEPT.source)
    volumes.forget("a")
    assert look(docker, volumes, KEPT) == ()


@pytest.mark.parametrize("mount", [PLAIN, NAMELESS, Mount("kept-a", "/models", read_only=True)])
def test_nothing_is_put_where_nothing_is_to_be_kept(docker: Bench, volumes: Volumes, mount: Mount) -> None:
    look(docker, volumes, mount)
    assert not any(docker.core.resources.contents.values())


def test_nothing_is_put_into_a_volume_that_was_there_before_the_run_and_it_is_not_removed(docker: Bench) -> None:
    docker.engine.create_volume(KEPT.source, {})
    volumes = Volumes(docker.engine, (".*",))
    volumes.begin()
    assert look(docker, volumes, KEPT) == ()
    assert not docker.core.resources.contents
    volumes.remove(alone=True)
    assert there(docker) == {KEPT.source}


def test_nothing_is_put_into_a_container_that_is_nobodys(docker: Bench, volumes: Volumes) -> None:
    assert look(docker, volumes, KEPT, service=None) == ()
    assert not docker.core.resources.contents


def test_a_container_that_is_gone_is_told(volumes: Volumes) -> None:
    with pytest.raises(NotFound):
        volumes.look("gone", "a", (MountedVolume("kept-a", "/models"),))


@pytest.mark.parametrize("alone", [True, False])
def test_what_has_a_name_is_not_cleared_away(docker: Bench, volumes: Volumes, *, alone: bool) -> None:
    look(docker, volumes, KEPT, NAMELESS)
    docker.engine.create_volume("foreign", {})
    docker.engine.remove("c0")
    volumes.remove(alone=alone)
    assert there(docker) == {"foreign", KEPT.source}


@pytest.mark.parametrize(("alone", "left"), [(True, 0), (False, 1)])
def test_one_without_a_name_that_nobody_saw_is_cleared_away_only_there_too(
    docker: Bench, volumes: Volumes, *, alone: bool, left: int
) -> None:
    docker.create("unseen", mounts=(NAMELESS,))
    docker.engine.remove("unseen")
    volumes.remove(alone=alone)
    assert len(there(docker)) == left


def test_a_copy_stays_as_it_was(docker: Bench, volumes: Volumes) -> None:
    before = copy(volumes)
    look(docker, volumes, KEPT)
    assert volumes.mounted == {KEPT.source}
    assert before.mounted == frozenset()


# -- on the emulated engine -------------------------------------------------------------------------------------------


def test_a_container_goes_with_its_nameless_volumes_only_if_that_is_asked_for(docker: Bench) -> None:
    first, second = (docker.create(name, mounts=(NAMELESS, KEPT)) for name in ("one", "two"))
    assert len(there(docker)) == 3
    docker.engine.remove(first)
    assert len(there(docker)) == 3
    docker.engine.remove(second, volumes=True)
    assert len(there(docker)) == 2
    assert KEPT.source in there(docker)


def test_what_churn_removes_goes_with_its_nameless_volumes(docker: Bench) -> None:
    docker.create("ours", mounts=(NAMELESS,), labels=SETTINGS.labels)
    ownership.remove(docker.engine, docker.engine.list()[0])
    assert there(docker) == set()


def test_a_file_in_a_volume_outlives_the_container_and_is_not_in_its_layer(docker: Bench) -> None:
    first = docker.create("one", mounts=(KEPT,))
    docker.engine.put_file(first, f"/models/{MARK}", b"x")
    assert docker.engine.changes(first) == ()
    docker.engine.remove(first)
    second = docker.create("two", mounts=(Mount(KEPT.source, "/elsewhere"),))
    assert docker.engine.get_file(second, f"/elsewhere/{MARK}") == b"x"
    assert docker.engine.get_file(second, "/elsewhere/other") is None


def test_a_file_elsewhere_is_in_the_layer(docker: Bench) -> None:
    first = docker.create("one", mounts=(KEPT,))
    docker.engine.put_file(first, "/etc/x", b"x")
    assert docker.engine.changes(first) == ("/etc/x",)
    assert docker.engine.get_file(first, "/etc/x") == b"x"


def test_volumes_of_the_run_are_told_whatever_their_labels(docker: Bench) -> None:
    docker.create("one", mounts=(KEPT, PLAIN))
    told = docker.engine.resources({"of": "nobody"}, {KEPT.source, "not-there"})
    assert {one.name for one in told} == {KEPT.source}
