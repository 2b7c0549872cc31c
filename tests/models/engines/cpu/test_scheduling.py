"""Room that compiled layers lend and take back."""

import copy

from radarseq.models.engines.cpu.scheduling import BufferPool


def test_room_that_came_back_is_lent_again_and_is_never_lent_twice():
    room = BufferPool()
    first, second = room.acquire((2, 3)), room.acquire((2, 3))
    assert first[0] is not second[0]
    room.release(first)
    assert room.acquire((2, 3))[0] is first[0]
    assert copy.deepcopy(room).acquire((2, 3))[0] is not first[0]
