"""What users rely on: the public names, what they cost, and that each says what it is."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import dagy_nb
import dagy_nb.abc

# A name that goes from here breaks users; one that comes is a promise.
PUBLIC = [
    "CheckFailed",
    "CheckWarning",
    "ConfigError",
    "ConnectionRefused",
    "DagyError",
    "DataType",
    "Diagnostic",
    "ExecutionContext",
    "ExecutionResult",
    "Flow",
    "FlowNode",
    "FlowTextError",
    "Input",
    "NodeState",
    "Output",
    "Retry",
    "RunFailed",
    "RunHandle",
    "RunResult",
    "RunState",
    "__version__",
    "connect",
    "history",
    "load_ipython_extension",
    "node",
    "replay",
    "resume",
    "unload_ipython_extension",
    "use_dask",
]
SOCKETS = [
    "Backend",
    "CallReporter",
    "Capabilities",
    "Clock",
    "Conversion",
    "Enforcement",
    "HereCall",
    "LiveCall",
    "NodeCall",
    "Notifier",
    "Outcome",
    "Page",
    "RunControl",
    "Runner",
    "SecretSource",
    "Store",
    "Submission",
]


def test_the_public_names_are_these():
    assert sorted(dagy_nb.__all__) == PUBLIC


def test_the_sockets_are_these():
    defined = [
        name
        for name, value in vars(dagy_nb.abc).items()
        if getattr(value, "__module__", "").startswith("dagy_nb.abc.") and not name.startswith("_")
    ]

    assert sorted(defined) == SOCKETS


def test_dir_lists_every_public_name():
    assert set(PUBLIC) <= set(dir(dagy_nb))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name):
    assert getattr(dagy_nb, name) is not None


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_says_what_it_is(name):
    value = getattr(dagy_nb, name)

    assert inspect.getdoc(value)
    if inspect.isclass(value):
        assert value.__doc__, f"{name} inherits its docstring"


@pytest.mark.parametrize("name", SOCKETS)
def test_every_socket_says_what_it_is(name):
    assert inspect.getdoc(getattr(dagy_nb.abc, name))


def test_a_name_that_is_not_public_is_refused():
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = dagy_nb.nothing_of_ours  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_can_be_imported_first(name):
    """No name works only because another room was loaded before it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"from dagy_nb import {name}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
