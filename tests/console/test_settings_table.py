from console.settings_table import example, settings_markdown, settings_rows
from streams.settings import Settings


def test_every_setting_has_a_row_with_a_meaning_in_the_order_of_the_model() -> None:
    rows = settings_rows()
    assert [row.variable for row in rows] == [f"FOREBAY_{name.upper()}" for name in Settings.model_fields]
    assert all(row.meaning for row in rows)


def test_defaults_show_their_unit_and_secrets_show_nothing_but_their_default() -> None:
    rows = {row.variable: row for row in settings_rows()}
    assert rows["FOREBAY_RAW_BACKLOG_BYTES"].default == "2147483648 (2 GiB)"
    assert rows["FOREBAY_CUT_SECONDS"].takes == "seconds, above 0"
    assert rows["FOREBAY_LANES"].takes == "from 1 to 256"
    assert rows["FOREBAY_TOPOLOGY"].takes == "fused, staged"
    assert rows["FOREBAY_S3_SECRET_KEY"].default == ""


def test_every_example_is_a_value_that_its_setting_takes() -> None:
    for name in Settings.model_fields:
        value: object = example(name)
        if name == "sources":
            value = tuple(str(value).split(","))
        together = {"s3_access_key": "a", "s3_secret_key": "b", "s3_kms_key": "k"}
        Settings.model_validate({**together, name: value})


def test_the_markdown_table_has_a_line_for_every_setting() -> None:
    lines = settings_markdown().splitlines()
    assert len(lines) == len(Settings.model_fields) + 2
    assert all(line.count(" | ") == 3 for line in lines[2:])
