"""What model servers answer: one table for the stand-in and for emulated servers."""

import json

import pytest

from churn.system.servers import JSON, answer, answer_while_loading, model_of, table


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        ("serve /models/qwen --port 8000", "/models/qwen"),
        ("serve --port 8000", "stand-in"),
        ("serve /models/qwen --served-model-name qwen", "qwen"),
        ("--model meta/llama --served-model-name=llama --port 1", "llama"),
        ("llama-server --port 1 --model /mnt/models/x.gguf --alias library/x", "library/x"),
        ("--model-id google/gemma --port 80", "google/gemma"),
        ("-m a -m b", "b"),
        ("--model", "stand-in"),
        ('--model a"b', "stand-in"),
        ("", "stand-in"),
    ],
)
def test_a_model_is_called_as_the_servers_arguments_say(argv: str, name: str) -> None:
    assert model_of(argv.split()) == name


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
def test_clients_of_openai_find_the_model(path: str) -> None:
    told = answer(("serve", "tiny"), "GET", path)
    assert told.status == 200
    assert [one["id"] for one in json.loads(told.content)["data"]] == ["tiny"]


def test_every_content_of_json_is_json() -> None:
    rows = [line.split(" ", 3) for line in table().splitlines()]
    assert [json.loads(row[3]) for row in rows if row[2] == JSON]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("GET", "/health", 200), ("POST", "/v1/completions", 200), ("GET", "/v1/completions", 404),
     ("GET", "/metrics", 404), ("POST", "/health", 405), ("DELETE", "/x", 405)],
)  # fmt: skip
def test_other_paths_and_methods_are_refused(method: str, path: str, status: int) -> None:
    assert answer((), method, path).status == status


def test_one_that_is_not_healthy_says_so_on_every_path() -> None:
    assert {answer((), "GET", path, healthy=False).status for path in ("/", "/health", "/v1/models", "/x")} == {503}


def test_llama_cpp_answers_while_it_loads_and_vllm_does_not_listen() -> None:
    told = answer_while_loading(("/usr/bin/llama-server", "--port", "1"))
    assert told is not None
    assert (told.status, json.loads(told.content)["error"]["message"]) == (503, "Loading model")
    assert answer_while_loading(("serve", "tiny")) is None
