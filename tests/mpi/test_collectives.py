"""Collectives on real ranks: every expected value is a formula of rank and size. Runs inside `mpirun -n N pytest`."""

from functools import partial

import numpy as np
import pytest

from dtrain.distributed import DesyncError, world
from dtrain.distributed.communicator import Communicator
from dtrain.distributed.exchange import SliceExchange
from dtrain.distributed.guard import compare, compare_arrays
from dtrain.distributed.reduction import Allreduce
from dtrain.distributed.shared_reduction import SharedMemory
from dtrain.distributed.synchronizer import Synchronizer

pytestmark = pytest.mark.mpi(min_size=2)


@pytest.fixture
def ranks() -> Communicator:
    return world()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("count", [0, 1, 1000, 1_000_003])
def test_allreduce_sums_in_place(ranks: Communicator, dtype: type, count: int) -> None:
    array = np.full(count, ranks.rank + 1, dtype)
    ranks.Allreduce(array)
    np.testing.assert_array_equal(array, ranks.size * (ranks.size + 1) // 2)


def test_allreduce_of_a_slice_leaves_the_rest(ranks: Communicator) -> None:
    flat = np.zeros(10, np.float32)
    flat[:] = ranks.rank
    ranks.Allreduce(flat[2:5])
    expected = np.full(10, ranks.rank, np.float32)
    expected[2:5] = ranks.size * (ranks.size - 1) // 2
    np.testing.assert_array_equal(flat, expected)


def test_arrays_with_gaps_are_refused(ranks: Communicator) -> None:
    with pytest.raises(ValueError, match="C-contiguous"):
        ranks.Allreduce(np.ones((4, 4))[:, ::2])


def test_bcast_gives_the_root_s_array(ranks: Communicator) -> None:
    for root in range(ranks.size):
        array = np.full((2, 3), ranks.rank, np.float32)
        ranks.Bcast(array, root)
        np.testing.assert_array_equal(array, root)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.bool_, "datetime64[s]"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 4), (0,)])
def test_rows_of_all_ranks_come_in_order_even_from_ranks_without_rows(
    ranks: Communicator, dtype: str | type, shape: tuple[int, ...]
) -> None:
    counts = [rank % 3 * 2 for rank in range(ranks.size)]  # 0, 2, 4, 0, ...
    local = np.full((counts[ranks.rank], *shape), ranks.rank).astype(dtype)
    rows = ranks.Allgather_rows(local, counts)
    assert rows.dtype == local.dtype
    assert rows.shape == (sum(counts), *shape)
    expected = np.repeat(np.arange(ranks.size), counts).astype(dtype).reshape(-1, *[1] * len(shape))
    np.testing.assert_array_equal(rows, np.broadcast_to(expected, rows.shape))


def test_rows_may_be_a_view_with_gaps(ranks: Communicator) -> None:
    local = np.arange(12.0).reshape(2, 6)[:, ::2] + 100 * ranks.rank
    rows = ranks.Allgather_rows(local, [2] * ranks.size)
    for rank in range(ranks.size):
        np.testing.assert_array_equal(rows[2 * rank : 2 * rank + 2], local + 100 * (rank - ranks.rank))


def test_objects_are_gathered_and_broadcast(ranks: Communicator) -> None:
    assert ranks.allgather({"rank": ranks.rank}) == [{"rank": rank} for rank in range(ranks.size)]
    assert ranks.bcast(f"from {ranks.rank}", ranks.size - 1) == f"from {ranks.size - 1}"
    ranks.Barrier()


@pytest.mark.parametrize("reduction", [Allreduce, partial(SharedMemory, sharded=False)])
@pytest.mark.parametrize("bucket_bytes", [4, 1000, 10**7])
def test_gradients_are_sums_over_all_ranks(ranks: Communicator, bucket_bytes: int, reduction) -> None:
    way = reduction(ranks)
    gradients = way.gradients(1000, np.float32)
    synchronizer = Synchronizer(ranks, way, bucket_bytes)
    for step in range(3):
        gradients[:] = np.arange(1000) * ranks.rank + step
        for start in range(900, -1, -100):
            synchronizer.on_ready(slice(start, start + 100))
        synchronizer.finish()
        np.testing.assert_array_equal(
            gradients, np.arange(1000) * (ranks.size * (ranks.size - 1) // 2) + step * ranks.size
        )


@pytest.mark.parametrize("compressed", [False, True])
def test_slices_go_by_messages_while_ranks_do_other_things(ranks: Communicator, compressed: bool) -> None:
    exchange = SliceExchange(ranks, compressed)
    arrays = [np.empty(count, np.float32) for count in (70_001, 1, 30_000)]
    for step in range(3):
        for array in arrays:
            array[:] = np.arange(array.size) % 7 * (ranks.rank + step)  # few bits: bfloat16 holds them
            exchange.start(array)
            ranks.Allreduce(np.zeros(10))  # as synchronized batch statistics do
            exchange.poll()
        exchange.finish()
        total = sum(rank + step for rank in range(ranks.size))
        for array in arrays:
            np.testing.assert_array_equal(array, np.arange(array.size) % 7 * total)


def test_each_rank_updates_its_part_of_weights_that_lie_in_memory_once(ranks: Communicator) -> None:
    way = SharedMemory(ranks, sharded=True)
    gradients, values = way.gradients(1003, np.float32), way.values(1003, np.float32)
    synchronizer = Synchronizer(ranks, way)
    total = np.zeros(1003)
    for step in range(20):
        gradients[:] = np.arange(1003) * ranks.rank + step
        synchronizer.finish()
        values[synchronizer.region] += gradients[synchronizer.region]
        synchronizer.publish()
        total += np.arange(1003) * (ranks.size * (ranks.size - 1) // 2) + step * ranks.size
        np.testing.assert_array_equal(values, total)


def test_a_differing_field_is_named_on_every_rank(ranks: Communicator) -> None:
    compare(ranks, {"seed": 7})
    last = ranks.size - 1
    with pytest.raises(DesyncError, match=f"seed: rank {last} has 8, rank") as caught:
        compare(ranks, {"seed": 8 if ranks.rank == last else 7, "version": "1"})
    assert len(set(ranks.allgather(str(caught.value)))) == 1


def test_a_drifted_weight_is_named_on_every_rank(ranks: Communicator) -> None:
    arrays = {"dense/kernel": np.ones((3, 2), np.float32), "dense/bias": np.zeros(2, np.float32)}
    compare_arrays(ranks, arrays)
    if ranks.rank == ranks.size - 1:
        arrays["dense/bias"][1] = np.float32(1e-30)
    with pytest.raises(DesyncError, match="after step 3 in 1 of 2 arrays, first in 'dense/bias'"):
        compare_arrays(ranks, arrays, "after step 3")
