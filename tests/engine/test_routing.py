"""`print`, `logging` and `warnings` of a node go to its log; everybody else's go where they always went."""

from __future__ import annotations

import contextvars
import io
import logging
import sys
import threading
import warnings
from contextlib import contextmanager

import pytest

from dagy_nb.engine.output import NodeOutput, enter_output
from dagy_nb.engine.routing import ROUTER
from tests.victims.watching import wait_until


class Ear:
    def __init__(self):
        self.lines = []

    def wrote(self, level, text):
        self.lines.append((level, text))

    def progressed(self, fraction, message):
        raise AssertionError("no progress here")


@contextmanager
def held():
    """Holds the router within a test, since pytest replaces the streams before it."""
    ROUTER.hold()
    try:
        yield
    finally:
        ROUTER.release()


@pytest.fixture
def unheld():
    """Bodies that other tests abandoned in a call into C may hold the router until that ends."""
    assert wait_until(lambda: not ROUTER._holds, 45)


@pytest.fixture
def inside(clock):
    """Calls a function as a node's body would be called; returns the node's log."""

    def run(function):
        ear = Ear()
        output = NodeOutput(ear, clock.monotonic)

        def body():
            enter_output(output)
            function()
            output.close()

        with held():
            contextvars.copy_context().run(body)
        return ear.lines

    return run


def test_prints_of_a_node_go_to_its_log(inside, unheld, capsys):
    def body():
        print("out")
        print("err", file=sys.stderr)
        sys.stdout.writelines(["one\n", "two\n"])

    assert inside(body) == [
        ("STDOUT", "out"),
        ("STDERR", "err"),
        ("STDOUT", "one"),
        ("STDOUT", "two"),
    ]
    assert capsys.readouterr() == ("", "")


def test_prints_outside_of_nodes_stay_where_they_are(inside, unheld, capsys):
    print("before")
    inside(lambda: print("in the node"))
    print("after")

    assert capsys.readouterr().out == "before\nafter\n"


def test_a_thread_of_a_node_writes_to_its_log_if_it_has_its_context(inside, capsys):
    def body():
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(print, "from the thread"))
        thread.start()
        thread.join()

    assert inside(body) == [("STDOUT", "from the thread")]


def test_the_stand_in_is_transparent():
    real = sys.stdout
    with held():
        stream = sys.stdout
        assert stream is not real
        assert stream.encoding == real.encoding
        assert stream.isatty() == real.isatty()
        assert repr(stream) == repr(real)
        with pytest.raises(AttributeError):
            stream.no_such_thing


def test_text_is_demanded_inside_as_outside(inside):
    def body():
        with pytest.raises(TypeError, match="must be str"):
            sys.stdout.write(b"bytes")

    inside(body)


def test_everything_is_put_back_when_nobody_holds_it(unheld):
    before = (sys.stdout, sys.stderr, warnings.showwarning, logging.Logger.callHandlers)

    ROUTER.hold()
    ROUTER.hold()
    during = (sys.stdout, sys.stderr, warnings.showwarning, logging.Logger.callHandlers)
    ROUTER.release()
    assert sys.stdout is during[0]
    ROUTER.release()

    assert not set(map(id, before)) & set(map(id, during))
    assert (sys.stdout, sys.stderr, warnings.showwarning, logging.Logger.callHandlers) == before


def test_a_stream_that_somebody_replaced_meanwhile_is_left_alone_and_held_the_next_time(
    unheld, monkeypatch
):
    ROUTER.hold()
    other = io.StringIO()
    monkeypatch.setattr(sys, "stdout", other)

    ROUTER.hold()
    assert sys.stdout is not other
    assert sys.stdout.inner is other

    ROUTER.release()
    ROUTER.release()
    assert sys.stdout is other


def test_logging_of_a_node_goes_to_its_log_and_not_to_the_console(inside, capsys):
    console = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("tests.routing")
    logger.addHandler(console)
    logger.setLevel(logging.INFO)
    try:
        lines = inside(lambda: logger.info("read %d rows", 5))
        logger.info("outside")
    finally:
        logger.removeHandler(console)

    assert lines == [("INFO", "read 5 rows")]
    assert capsys.readouterr().err == "outside\n"


def test_other_handlers_get_the_records_of_nodes_too(inside):
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    logger = logging.getLogger("tests.routing")
    logger.addHandler(handler)
    try:
        inside(lambda: logger.error("broken"))
    finally:
        logger.removeHandler(handler)

    assert kept.getvalue() == "broken\n"


def test_an_exception_in_the_log_brings_its_traceback(inside):
    def body():
        try:
            raise ValueError("inner")
        except ValueError:
            logging.getLogger("tests.routing").exception("failed")

    ((level, text),) = inside(body)

    assert level == "ERROR"
    assert text.startswith("failed\nTraceback")
    assert text.endswith("ValueError: inner")


def test_configuring_logging_works_while_runs_are_live(monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    with held():
        logging.basicConfig(stream=io.StringIO())

        assert len(logging.root.handlers) == 1


def test_warnings_of_a_node_go_to_its_log(inside):
    def body():
        with warnings.catch_warnings(action="always"):
            warnings.warn("old thing", DeprecationWarning, stacklevel=1)

    ((level, text),) = inside(body)

    assert level == "WARNING"
    assert text.startswith("DeprecationWarning: old thing (line ")


def test_warnings_outside_of_nodes_are_shown_as_always(inside):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inside(lambda: None)
        warnings.warn("outside", UserWarning, stacklevel=1)

    assert [str(each.message) for each in caught] == ["outside"]
