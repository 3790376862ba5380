"""The buffers of a sync: used again, and never more bytes than the budget has."""

from contextlib import ExitStack
from io import BytesIO

from generator.sync.budget import Budget


def _fill(buffer: BytesIO, size: int) -> None:
    buffer.seek(0)
    buffer.write(bytes(size))
    buffer.truncate()


def test_a_buffer_is_used_again() -> None:
    """As large as it was; two at once are two buffers."""
    budget = Budget(100)
    with budget.buffer(40) as first, budget.buffer(40) as second:
        _fill(first, 40)
        _fill(second, 40)
    with budget.buffer(40) as third, budget.buffer(40) as fourth:
        assert {id(third), id(fourth)} == {id(first), id(second)}
        assert len(third.getvalue()) == 40


def test_what_is_not_in_use_is_part_of_the_budget() -> None:
    """Used buffers make room for others, and stay when there is room."""
    budget = Budget(100)
    with ExitStack() as stack:
        for _ in range(4):
            _fill(stack.enter_context(budget.buffer(25)), 25)
    with budget.buffer(50) as large, budget.buffer(25) as small:
        sizes = [len(buffer.getvalue()) for buffer in (large, small)]
        assert sizes == [25, 25]  # of four, two were in use, and one of the others had to go
        _fill(large, 50)
    with ExitStack() as stack:
        again = [stack.enter_context(budget.buffer(0)) for _ in range(4)]
        assert sum(len(buffer.getvalue()) for buffer in again) <= 100
        assert len({id(buffer) for buffer in again}) == 4


def test_a_part_larger_than_the_budget() -> None:
    """It is alone."""
    budget = Budget(100)
    with budget.buffer(60) as other:
        _fill(other, 60)
    with budget.buffer(300) as buffer:
        _fill(buffer, 300)
    with budget.buffer(10) as new:
        assert new.getvalue() == b""
