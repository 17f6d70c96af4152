"""The docker SDK on an engine in memory, for tests of others."""

import pytest
from docker.errors import ImageNotFound

from churn import fake_docker


def test_it_has_the_images_that_were_named_and_no_others() -> None:
    with fake_docker("nginx", "redis:7") as client:
        web = client.containers.run("nginx", name="web", ports={"80/tcp": 8080}, detach=True)
        assert web.status in ("created", "running")
        assert client.containers.create("redis:7", name="cache").name == "cache"
        with pytest.raises(ImageNotFound):
            client.containers.create("postgres")


def test_each_has_an_engine_of_its_own_and_the_same_seed_gives_the_same_ids() -> None:
    def made(seed: int) -> str:
        with fake_docker("nginx", seed=seed) as client:
            assert client.containers.list(all=True) == []
            return str(client.containers.create("nginx", name="web").id)

    assert made(1) == made(1) != made(2)


def test_waiting_costs_no_time() -> None:
    with fake_docker() as client:
        stubborn = client.containers.run("churn/stand-in:1", "sleep 3000", detach=True)
        assert stubborn.wait()["StatusCode"] == 0
