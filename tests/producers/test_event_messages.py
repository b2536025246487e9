from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.event_messages import BucketEvent, Kind, read_message

ODD_KEYS = ["a b", "a+b", "a%2Fb", "100%", "é/ü", "日本/🌊", "=&?#", "x" * 1024, "%C3%A9"]


def notification(key: str, name: str = "ObjectCreated:Put", **item: Any) -> dict[str, Any]:
    """As S3 writes it: the key is encoded as in a form."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": "b"}, "object": {"key": quote_plus(key, safe="/"), **item}},
    }


def bridged(key: str, kind: str = "Object Created", **item: Any) -> dict[str, Any]:
    """As EventBridge writes it: the key is as it is."""
    detail = {"version": "0", "bucket": {"name": "b"}, "object": {"key": key, **item}}
    return {"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail}


def through_sns(message: Any) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn", "Message": orjson.dumps(message).decode()}


def read(message: Any) -> tuple[BucketEvent, ...]:
    return read_message(orjson.dumps(message).decode())


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_comes_through_each_form_as_it_is(key: str) -> None:
    created = (BucketEvent(Kind.CREATED, "b", key, 7),)
    plain = {"Records": [notification(key, size=7, eTag="e", sequencer="1")]}
    assert read(plain) == created
    assert read(through_sns(plain)) == created
    assert read(bridged(key, size=7, etag="e")) == created
    assert read(through_sns(bridged(key, size=7))) == created


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectCreated:Put", Kind.CREATED),
        ("ObjectCreated:CompleteMultipartUpload", Kind.CREATED),
        ("s3:ObjectCreated:Copy", Kind.CREATED),
        ("ObjectRemoved:Delete", Kind.REMOVED),
        ("ObjectRemoved:DeleteMarkerCreated", Kind.REMOVED),
        ("LifecycleExpiration:Delete", Kind.REMOVED),
        ("ObjectTagging:Put", Kind.OTHER),
        ("ObjectRestore:Completed", Kind.OTHER),
        ("ObjectCreatedNot", Kind.OTHER),
    ],
)
def test_the_name_says_whether_the_object_came_or_went(name: str, kind: Kind) -> None:
    (event,) = read({"Records": [notification("k", name)]})
    assert event.kind is kind


@pytest.mark.parametrize(
    ("detail_type", "kind"),
    [
        ("Object Created", Kind.CREATED),
        ("Object Deleted", Kind.REMOVED),
        ("Object Tags Added", Kind.OTHER),
        ("EC2 Instance State-change Notification", Kind.OTHER),
    ],
)
def test_eventbridge_has_names_of_its_own(detail_type: str, kind: Kind) -> None:
    (event,) = read(bridged("k", detail_type))
    assert event.kind is kind


def test_a_test_event_is_one_by_itself_and_through_sns() -> None:
    message = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}
    assert read(message) == read(through_sns(message)) == (BucketEvent(Kind.TEST),)


def test_a_record_that_cannot_be_read_does_not_spoil_its_neighbours() -> None:
    bad = [None, {}, {"eventName": "ObjectCreated:Put"}, notification("x" * 1025), notification("")]
    events = read({"Records": [notification("a"), *bad, notification("b")]})
    assert [event.key for event in events if event.kind is Kind.CREATED] == ["a", "b"]
    assert [event.kind for event in events[1:-1]] == [Kind.UNREADABLE] * len(bad)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"Records": []}',
        '{"Records": {}}',
        '{"Message": "{}"}',
        '{"Message": "not JSON"}',
        '{"detail-type": "Object Created"}',
        '{"detail-type": "Object Created", "detail": {"bucket": "b", "object": {"key": 1}}}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "%FF"}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": "\\ud800"}}}]}',
        "[" * 5000,
        "\ud800",
    ],
)
def test_what_is_no_event_is_unreadable(body: str) -> None:
    assert read_message(body) == (BucketEvent(Kind.UNREADABLE),)


@pytest.mark.parametrize("size", [None, "7", -1, True, 7.5])
def test_a_size_that_is_none_is_not_told(size: Any) -> None:
    (event,) = read(bridged("k", size=size))
    assert (event.kind, event.size_bytes) == (Kind.CREATED, None)


_words = st.sampled_from(
    [
        "Records",
        "Message",
        "detail",
        "detail-type",
        "Event",
        "s3",
        "bucket",
        "object",
        "name",
        "key",
        "eventName",
    ]
)
_values = st.sampled_from(["Object Created", "ObjectCreated:Put", "s3:TestEvent", "%", "%FF", "b"])
_anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _values | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=12,
)


@given(_anything)
@settings(max_examples=300, deadline=None)
def test_whatever_json_comes_there_is_an_event_and_no_error(message: Any) -> None:
    for events in (read(message), read(through_sns(message))):
        assert events
        for event in events:
            assert bool(event.bucket and event.key) is (event.kind in (Kind.CREATED, Kind.REMOVED))
