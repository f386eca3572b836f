"""docker-compose.yml and the Dockerfile say what production needs."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from portal.environment import read_environment
from portal.settings import BASE_DIR
from portal.supervision.programs import beat_program, web_program, worker_program
from tests.portal.compose import compose_file

VARIABLES = {
    "TOPMAST_PUBLIC_URL": "http://127.0.0.1:8000",
    "TOPMAST_SECRET_KEY": "0pQ7-not-a-real-one-cZ3yLk8VtR5wXb2N6mHj4sDfGa9uE1iT",
    "POSTGRES_PASSWORD": "secret",
}
OURS = ("prepare", "web", "worker", "beat", "cluster-one", "cluster-two", "register")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return compose_file(VARIABLES)


def test_it_is_what_the_compose_specification_allows(compose: dict[str, Any]) -> None:
    schema = json.loads((BASE_DIR / "tests/data/compose-spec/compose-spec.json").read_text())

    jsonschema.Draft7Validator(schema).validate(compose)

    compose["services"]["web"]["comand"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(compose)
    del compose["services"]["web"]["comand"]


def test_it_names_all_processes_as_often_as_they_run(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert set(services) == {*OURS, "proxy", "postgresql", "valkey", "prometheus"}
    assert services["web"]["deploy"]["replicas"] == services["worker"]["deploy"]["replicas"] == 2
    assert {services[name]["image"] for name in OURS} == {"topmast:latest"}


def test_what_it_mounts_and_waits_for_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(compose["volumes"])
        assert {config["source"] for config in service.get("configs", [])} <= set(compose["configs"])


def test_all_that_stay_have_a_health_check_and_no_more_rights_than_they_need(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "healthcheck" in service or service["restart"] == "no", name
        if name in OURS:
            assert service["cap_drop"] == ["ALL"]
            assert service["read_only"] is True


def test_web_cannot_reach_the_key_that_opens_credentials(compose: dict[str, Any]) -> None:
    holders = {
        name for name, service in compose["services"].items() if "keys:" in str(service.get("volumes"))
    }

    assert holders == {"prepare", "worker"}


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_what_must_be_set_is_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match=f"Set {name}"):
        compose_file({**VARIABLES, name: ""})


def test_the_example_names_every_variable_that_is_asked_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (BASE_DIR / "docker-compose.yml").read_text()))
    named = set(re.findall(r"^(\w+)=", (BASE_DIR / ".env.example").read_text(), flags=re.M))

    assert asked - {"TOPMAST_VERSION"} == named


def options_of(command: tuple[str, ...] | list[str]) -> set[str]:
    """The options of a command line, with their values: `--port 1` and `--port=1` alike."""
    words = iter(" ".join(command[1:]).replace("=", " ").split(" -"))
    return {
        word.strip().lstrip("-") for word in words if not re.match(r"-?(host|port|hostname|forwarded)", word)
    }


def test_production_runs_the_same_commands_as_up(compose: dict[str, Any]) -> None:
    environment = read_environment({}, base_dir=BASE_DIR)
    services = compose["services"]

    assert options_of(services["web"]["command"]) == options_of(web_program(environment).command)
    assert options_of(services["worker"]["command"]) == options_of(worker_program(1).command)
    assert options_of(services["beat"]["command"]) == options_of(beat_program().command)


def test_the_image_runs_as_nobody_in_particular_and_is_built_from_hashes() -> None:
    lines = (BASE_DIR / "Dockerfile").read_text().splitlines()
    instructions = [line for line in lines if re.match(r"[A-Z]+ ", line)]

    users = [line for line in instructions if line.startswith("USER ")]
    assert users == ["USER 10001"]
    assert instructions.index(users[0]) < next(
        index for index, line in enumerate(instructions) if line.startswith("CMD ")
    )
    assert "--require-hashes" in "\n".join(lines)
    assert any(line.startswith("HEALTHCHECK ") for line in instructions)


def test_the_image_copies_only_what_is_there() -> None:
    for line in (BASE_DIR / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (BASE_DIR / source).exists(), source


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus is not installed")
def test_prometheus_understands_its_configuration(compose: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yml"
    path.write_text(compose["configs"]["prometheus"]["content"])

    done = subprocess.run(["promtool", "check", "config", path], capture_output=True, check=False)

    assert done.returncode == 0, done.stdout
