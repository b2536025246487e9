"""docker-compose.yml says what Forebay understands, and keeps to itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from streams.settings import Settings
from tests.compose.compose_file import COMPOSE, fill_in, read, services

ROOT = COMPOSE.parent
FOREBAY = ("setup", "ingest", "refine", "sink")
# What must differ from the defaults of `Settings`: the addresses of this network, its store, its state.
OF_THIS_NETWORK = {
    "sources", "kafka_bootstrap", "redis_url", "s3_endpoint", "s3_path_style", "s3_access_key", "s3_secret_key",
    "state", "metrics_host",
}  # fmt: skip


def _settings(environment: dict[str, str]) -> Settings:
    values: dict[str, object] = {
        name.removeprefix("FOREBAY_").lower(): value for name, value in environment.items()
    }
    values["sources"] = tuple(str(values["sources"]).split(","))
    return Settings.model_validate(values)


@pytest.mark.parametrize("name", FOREBAY)
def test_every_process_gets_settings_that_exist_and_agree(name: str) -> None:
    environment = services()[name].environment
    assert all(variable.startswith("FOREBAY_") for variable in environment)
    settings = _settings(environment)
    assert settings.metrics_port == 9310
    for field in settings.model_fields_set - OF_THIS_NETWORK:
        assert getattr(settings, field) == Settings.model_fields[field].default, field


def test_all_processes_of_forebay_share_one_environment() -> None:
    found = services()
    assert all(found[name].environment == found["setup"].environment for name in FOREBAY)


def test_the_commands_are_those_of_the_console() -> None:
    assert {name: services()[name].command for name in FOREBAY} == {
        "setup": ("forebay", "topics"),
        "ingest": ("forebay", "ingest", "--follow"),
        "refine": ("forebay", "work", "refine"),
        "sink": ("forebay", "work", "sink"),
    }


def test_own_buckets_on_aws_need_variables_only() -> None:
    own = {
        "FOREBAY_SOURCES": "s3://mine/drops/,s3://other/",
        "FOREBAY_S3_ENDPOINT": "",
        "FOREBAY_S3_PATH_STYLE": "false",
        "FOREBAY_S3_ACCESS_KEY": "",
        "FOREBAY_S3_SECRET_KEY": "",
    }
    settings = _settings(services(environ=own)["ingest"].environment)
    assert settings.sources == ("s3://mine/drops/", "s3://other/")
    assert (settings.s3_endpoint, settings.s3_path_style, settings.s3_access_key) == ("", False, "")


def test_the_local_store_knows_the_keys_that_the_processes_use() -> None:
    store, process = services()["s3"].environment, services()["ingest"].environment
    assert store["AWS_ACCESS_KEY_ID"] == process["FOREBAY_S3_ACCESS_KEY"]
    assert store["AWS_SECRET_ACCESS_KEY"] == process["FOREBAY_S3_SECRET_KEY"]


def test_credentials_come_from_variables_and_their_defaults_say_local() -> None:
    raw = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    found = 0
    for service in raw.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("KEY", "SECRET", "PASSWORD")):
                found += 1
                assert value.startswith("${"), name
                assert "local" in fill_in(value, {}), name
    assert found >= 5


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in services().values() for port in service.raw.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


@pytest.mark.parametrize("name", list(services()))
def test_no_service_has_more_rights_than_it_needs(name: str) -> None:
    raw = services()[name].raw
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(raw)
    assert "no-new-privileges:true" in raw["security_opt"]
    assert not any("docker.sock" in volume for volume in raw.get("volumes", []))
    if name in FOREBAY:
        assert raw["read_only"] is True
        assert raw["cap_drop"] == ["ALL"]
        assert not raw["user"].startswith(("0", "root"))


@pytest.mark.parametrize("name", [name for name in services() if name not in ("buckets", "setup")])
def test_every_lasting_service_is_checked_and_restarted(name: str) -> None:
    raw = services()[name].raw
    assert raw["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert raw["restart"] == "unless-stopped"


def test_processes_start_after_setup_and_setup_after_every_server() -> None:
    found = services()
    assert {name: how["condition"] for name, how in found["setup"].raw["depends_on"].items()} == {
        "kafka": "service_healthy",
        "s3": "service_healthy",
        "redis": "service_healthy",
        "buckets": "service_completed_successfully",
    }
    for name in ("ingest", "refine", "sink"):
        assert found[name].raw["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


def test_images_are_pinned_and_what_must_last_lies_in_a_declared_volume() -> None:
    document = read()
    for name, service in services().items():
        image = service.raw["image"]
        assert ":" in image, name
        assert not image.endswith(":latest"), name
    for name in ("kafka", "s3", "redis"):
        volumes = [volume.split(":")[0] for volume in services()[name].raw["volumes"]]
        assert any(volume in document["volumes"] for volume in volumes), name


def test_files_that_are_mounted_exist_and_are_mounted_read_only() -> None:
    mounts = [
        volume
        for service in services().values()
        for volume in service.raw.get("volumes", [])
        if volume.startswith(".")
    ]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (ROOT / source).exists(), source
        assert mode == "ro", source


def test_kafka_and_redis_are_set_as_exactly_once_needs_them() -> None:
    kafka, redis = services()["kafka"].environment, services()["redis"].command
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert int(kafka["KAFKA_MESSAGE_MAX_BYTES"]) == int(kafka["KAFKA_REPLICA_FETCH_MAX_BYTES"]) == 8 << 20
    assert redis[redis.index("--maxmemory-policy") + 1] == "noeviction"
    assert redis[redis.index("--appendonly") + 1] == "yes"


def test_variables_are_filled_in_as_compose_does() -> None:
    assert fill_in("${A:-x} ${A-y} $$B", {}) == "x y $B"
    assert fill_in("${A:-x}|${A-y}", {"A": ""}) == "x|"
    assert fill_in("${A:-x}${A-y}${A}", {"A": "z"}) == "zzz"
    with pytest.raises(ValueError, match="NOPE"):
        fill_in("${NOPE}", {})


def _compose_program() -> list[str] | None:
    if found := shutil.which("docker-compose"):
        return [found]
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        return [docker, "compose"]
    return None


def test_compose_itself_accepts_the_file_and_reads_it_as_this_parser_does(tmp_path: Path) -> None:
    program = _compose_program()
    if program is None:
        pytest.skip("docker-compose is not installed (Debian: apt-get install docker-compose)")
    nowhere = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    run = subprocess.run(
        [*program, "-f", str(COMPOSE), "config"], capture_output=True, text=True, env=nowhere, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    theirs = yaml.safe_load(run.stdout)["services"]
    assert set(theirs) == set(services())
    for name, service in services().items():
        # `config` prints a literal dollar as $$, as the file does
        command = [argument.replace("$$", "$") for argument in theirs[name].get("command", [])]
        assert tuple(command) == service.command, name
        assert (theirs[name].get("environment") or {}) == service.environment, name
