from pathlib import Path

import pytest

from console.environment import BadSettings, local_values, read_settings, to_environment
from streams.settings import Settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("FOREBAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def faults(**overrides: object) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings(overrides)
    return "\n".join(caught.value.faults)


def test_without_anything_set_the_defaults_hold() -> None:
    assert read_settings() == Settings()


def test_all_faults_are_told_at_once_each_with_its_variable_and_an_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "LANES": "none",
        "PARTITIONS": "0",
        "OUTPUT": "somewhere",
        "TOPOLOGY": "fusd",
        "S3_SSE": "aws:kms",
        "WORKER": "2",
    }.items():
        monkeypatch.setenv(f"FOREBAY_{name}", value)
    told = faults()
    assert "FOREBAY_LANES=none (the environment): must be a valid integer; example: FOREBAY_LANES=4" in told
    assert "FOREBAY_PARTITIONS=0" in told
    assert "greater than or equal to 1" in told
    assert "FOREBAY_OUTPUT=somewhere" in told
    assert "example: FOREBAY_OUTPUT=s3://" in told
    assert "FOREBAY_TOPOLOGY=fusd" in told
    assert "'fused' or 'staged'" in told
    assert "FOREBAY_S3_KMS_KEY: needed when FOREBAY_S3_SSE is aws:kms" in told
    assert "did you mean FOREBAY_WORKERS?" in told
    assert len(told.splitlines()) == 6


def test_what_disagrees_only_because_one_value_is_wrong_is_not_told_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOREBAY_CUT_BYTES", "much")
    assert faults().splitlines() == [
        "FOREBAY_CUT_BYTES=much (the environment): must be a valid integer; example: FOREBAY_CUT_BYTES=16777216"
    ]


def test_an_unknown_variable_without_a_near_name_points_at_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_ZZZZZ", "1")
    assert "`forebay settings` lists all" in faults()


def test_variables_of_the_test_suite_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_TEST_DATA", "/somewhere")
    assert read_settings() == Settings()


def test_secrets_are_never_repeated_in_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_S3_SECRET_KEY", "zanzibar-canary-7f3")
    monkeypatch.setenv("FOREBAY_S3_ENDPOINT", "https://user:zanzibar-canary-7f3@host")
    monkeypatch.setenv("FOREBAY_KAFKA_BOOTSTRAP", "")
    told = faults()
    assert "FOREBAY_S3_ACCESS_KEY and FOREBAY_S3_SECRET_KEY: give both or neither" in told
    assert "zanzibar" not in told


def test_the_environment_comes_before_the_file_and_the_file_before_local_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".forebay").mkdir()
    (tmp_path / ".forebay" / "local.env").write_text("FOREBAY_LANES=5\nFOREBAY_SINKS=5\nFOREBAY_WORKERS=5\n")
    (tmp_path / "forebay.env").write_text("FOREBAY_LANES=6\nFOREBAY_SINKS=6\n# a remark\n")
    monkeypatch.setenv("FOREBAY_LANES", "7")
    found = read_settings({"window": 3, "rules": None})
    assert (found.lanes, found.sinks, found.workers, found.window) == (7, 6, 5, 3)


def test_a_server_that_is_named_above_gets_nothing_from_the_local_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".forebay").mkdir()
    (tmp_path / ".forebay" / "local.env").write_text(
        "FOREBAY_S3_ENDPOINT=http://127.0.0.1:18333\nFOREBAY_S3_ACCESS_KEY=a\nFOREBAY_S3_SECRET_KEY=b\n"
        "FOREBAY_S3_PATH_STYLE=true\nFOREBAY_KAFKA_BOOTSTRAP=127.0.0.1:9999\n"
    )
    assert read_settings().s3_endpoint == "http://127.0.0.1:18333"
    monkeypatch.setenv("FOREBAY_S3_REGION", "eu-central-1")
    found = read_settings()
    assert (found.s3_endpoint, found.s3_access_key, found.s3_path_style) == ("", "", False)
    assert found.kafka_bootstrap == "127.0.0.1:9999"


def test_the_state_folder_says_where_the_local_file_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "local.env").write_text("FOREBAY_LANES=9\n")
    monkeypatch.setenv("FOREBAY_STATE", "elsewhere")
    assert read_settings().lanes == 9


def test_a_name_in_a_file_that_is_not_ours_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "forebay.env").write_text("AWS_REGION=eu-central-1\nFOREBAY_LANE=4\n")
    told = faults()
    assert "AWS_REGION in forebay.env" in told
    assert "did you mean FOREBAY_LANES?" in told


def test_sources_are_separated_by_commas_and_folders_end_in_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREBAY_SOURCES", "s3://a/x, s3://b,")
    assert read_settings().sources == ("s3://a/x/", "s3://b/")


def test_a_child_reads_from_its_environment_what_its_parent_had(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = Settings.model_validate(
        {"sources": ("s3://a/x/", "s3://b/"), "s3_access_key": "k", "s3_secret_key": "s", "s3_path_style": True,
         "sweep_seconds": 2.5, "rules": "/r", "redis_url": "redis://u:p@h:1/2"}
    )  # fmt: skip
    environment = to_environment(parent)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert read_settings() == parent
    assert local_values(environment)["sources"] == "s3://a/x/,s3://b/"
