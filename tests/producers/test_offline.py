import io

from producers.offline import read_chunks
from producers.states import ObjectVersion, State
from tests.producers.cutting import USUAL


def test_an_object_is_read_without_servers_into_the_chunks_of_the_pipeline() -> None:
    version = ObjectVersion("local", "k", "v", "", "e", 1, 1)
    ready = list(read_chunks(io.BytesIO(b'{"a":1}\n{"b":2}\n'), version, USUAL))
    assert [chunk.value for one in ready if (chunk := one.chunk)] == [b'{"a":1}\n{"b":2}']
    ending = ready[-1].pieces[-1][2].ending
    assert ending is not None
    assert ending.state is State.COMPLETE
