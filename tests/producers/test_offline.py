import io

from producers.offline import pieces_of
from producers.states import State
from tests.producers.cutting import USUAL


def test_an_object_is_read_without_servers_into_the_pieces_of_the_pipeline() -> None:
    pieces = list(pieces_of(io.BytesIO(b'{"a":1}\n{"b":2}\n'), USUAL))
    assert [piece.value for piece in pieces if piece.count] == [b'{"a":1}\n{"b":2}']
    ending = pieces[-1].ending
    assert ending is not None
    assert ending.state is State.COMPLETE
