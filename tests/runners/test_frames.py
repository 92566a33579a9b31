"""Frames on a pipe: what goes in comes out, in whatever pieces the pipe passes it on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.runners.worker.codec import LARGE, PAGED, pack, unpack
from dagy_nb.runners.worker.frames import FrameReader, FrameWriter, Kind, make_parts

BUFFERS = st.lists(st.binary(max_size=300) | st.integers(0, 3 * LARGE).map(bytes), max_size=5)
FRAMES = st.lists(st.tuples(st.sampled_from(Kind), BUFFERS), max_size=5)


def read_all(pipe):
    reader, found = FrameReader(pipe), []
    try:
        while True:
            found += [(each.kind, [bytes(one) for one in each.buffers]) for each in reader.read()]
    except EOFError:
        return found


@given(FRAMES)
def test_frames_come_out_as_they_went_in(frames):
    source, target = os.pipe()
    writer = FrameWriter(target)
    for kind, buffers in frames:
        writer.add(make_parts(kind, buffers))

    def write():
        writer.write()
        os.close(target)

    thread = threading.Thread(target=write)
    thread.start()
    found = read_all(source)
    thread.join()
    os.close(source)

    assert found == frames
    assert not writer.is_waiting


@given(FRAMES, st.integers(1, 50))
def test_the_pieces_of_a_pipe_do_not_matter(frames, size):
    whole = [frame for frame in frames if sum(map(len, frame[1])) < 300][:3]
    data = b"".join(bytes(part) for frame in whole for part in make_parts(*frame))
    source, target = os.pipe()
    os.set_blocking(source, False)
    reader, found = FrameReader(source), []
    for start in range(0, len(data), size):
        os.write(target, data[start : start + size])
        found += [(each.kind, [bytes(one) for one in each.buffers]) for each in reader.read()]
    with pytest.raises(BlockingIOError):
        reader.read()
    os.close(target)
    os.close(source)

    assert found == whole


def test_a_writer_on_a_full_pipe_keeps_the_rest_for_later():
    source, target = os.pipe()
    os.set_blocking(target, False)
    writer = FrameWriter(target)
    writer.add(make_parts(Kind.CALL, [bytes(5 * PAGED)]))

    writer.write()
    assert writer.is_waiting
    reader, found = FrameReader(source), []
    while not found:
        found = reader.read()
        writer.write()
    os.close(source)
    os.close(target)

    assert len(found[0].buffers[0]) == 5 * PAGED
    assert not writer.is_waiting


def test_a_writer_without_a_reader_hears_of_it():
    source, target = os.pipe()
    os.close(source)
    writer = FrameWriter(target)
    writer.add(make_parts(Kind.STOP, []))

    with pytest.raises(BrokenPipeError):
        writer.write()
    os.close(target)


def test_memory_of_arrays_goes_beside_the_pickle_and_is_not_copied():
    import numpy as np

    array = np.arange(2 * LARGE, dtype="uint8")

    packed = pack({"large": array, "small": array[:10], "bytes": b"x" * LARGE})
    back = unpack(packed)

    assert len(packed) == 2
    assert np.shares_memory(np.frombuffer(packed[1], dtype="uint8"), array)
    assert np.shares_memory(back["large"], array)
    assert list(back["small"]) == list(range(10))


def test_an_array_whose_parts_lie_apart_goes_all_the_same():
    import numpy as np

    array = np.arange(4 * LARGE, dtype="uint8").reshape(4, LARGE)[:, ::2]

    assert (unpack(pack(array)) == array).all()


def test_what_is_packed_may_be_left_to_the_garbage_collector():
    """A file in memory that is collected while somebody looks at it crashes 3.12, and 3.13 complains; others with `-X dev`."""
    script = (
        "import gc; from dagy_nb.runners.worker.codec import pack; left = [pack({1: 'one'})]; "
        "left.append(left); del left; gc.collect()"
    )
    said = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert said.stderr == ""
