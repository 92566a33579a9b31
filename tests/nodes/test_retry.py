"""How a class says that it is tried again: in a `Retry`, a mapping, a decorator, or its cell's first line."""

from __future__ import annotations

import inspect
import pickle

import pytest

from dagy_nb.errors import DefinitionError
from dagy_nb.model.retry import RetryKind, RetrySpec
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.function import node
from dagy_nb.nodes.retry import AT_ONCE, Retry, combine_retry, read_retry


def always(error, attempt):
    return True


def grow(attempt):
    return 2**attempt


SPECS = [
    ({}, {}),
    ({"delay": 5}, {"delay": 5.0}),
    ({"delay": [1, 5]}, {"delay": (1.0, 5.0)}),
    ({"delay": grow, "max_delay": 9}, {"max_delay": 9.0}),
    ({"on": "timed_out"}, {"on": ("timed_out",)}),
    ({"on": ["crashed", RetryKind.RAISED]}, {"on": ("raised", "crashed")}),
    ({"on": {"crashed"}}, {"on": ("crashed",)}),
    ({"errors": ConnectionError}, {"errors": ("ConnectionError",)}),
    ({"errors": "raised.Busy"}, {"errors": ("raised.Busy",)}),
    ({"errors": (OSError, "Busy")}, {"errors": ("OSError", "Busy")}),
    ({"backoff": 2, "jitter": 0.1, "when": always}, {"backoff": 2.0, "jitter": 0.1}),
]


@pytest.mark.parametrize(("fields", "spec"), SPECS)
def test_what_can_be_said_as_data_is_in_its_spec(fields, spec):
    assert Retry(**fields).spec == RetrySpec(**spec)


BAD = [
    ({"delay": -1}, "delay"),
    ({"delay": []}, "delay"),
    ({"delay": "soon"}, "delay"),
    ({"delay": grow, "backoff": 2}, "not with a callable"),
    ({"delay": (1, 2), "backoff": 2}, "not with a list"),
    ({"on": "contract"}, "on"),
    ({"on": ()}, "on"),
    ({"errors": 3}, "errors"),
    ({"errors": [""]}, "errors"),
    ({"jitter": 2}, "jitter"),
    ({"when": 3}, "when: 3 cannot be called"),
]


@pytest.mark.parametrize(("fields", "told"), BAD, ids=[told for _, told in BAD])
def test_what_is_no_way_to_retry_is_refused_with_its_field(fields, told):
    with pytest.raises(DefinitionError, match=told) as caught:
        Retry(**fields)

    assert caught.value.code == "node.retry"
    assert caught.value.suggestion


def test_a_field_that_is_none_is_refused_with_the_nearest_one():
    with pytest.raises(DefinitionError, match="Did you mean `delay`"):
        read_retry({"dealy": 1})


@pytest.mark.parametrize("value", [5, "5", [1, 2], Retry])
def test_what_is_neither_retry_nor_mapping_is_refused(value):
    with pytest.raises(DefinitionError) as caught:
        read_retry(value)

    assert caught.value.code == "node.retry"


def test_a_spec_is_a_retry_too():
    spec = RetrySpec(delay=(1, 2), on=("crashed",), errors=("E",), max_delay=5)

    assert read_retry(spec).spec == spec
    assert read_retry(None) is AT_ONCE


def test_it_says_which_of_its_parts_are_code():
    assert Retry(delay=1).code == ()
    assert Retry(delay=grow, when=always).code == ("delay", "when")


def test_a_retry_pickles():
    retry = Retry(delay=grow, errors=(OSError,))

    assert pickle.loads(pickle.dumps(retry)) == retry


def test_a_mapping_goes_over_what_was_there_field_by_field():
    first = Retry(delay=grow, when=always)

    assert combine_retry(first, {"on": ("crashed",)}) == Retry(
        delay=grow, when=always, on=("crashed",)
    )
    assert combine_retry(first, {"delay": 3}) == Retry(delay=3, when=always)
    assert combine_retry(first, None) is None


# --- on classes ------------------------------------------------------------------------------------


def test_a_class_carries_its_retry_as_data_and_as_code():
    class Fetch(FlowNode, register=False):
        retries = 4
        retry = Retry(delay=grow, jitter=0.5, when=always)
        memory_mb = 512

        def execute(self):
            """Do nothing."""

    assert Fetch.spec.retry == RetrySpec(jitter=0.5)
    assert (Fetch.spec.retries, Fetch.spec.memory_mb) == (4, 512)
    assert (Fetch.traits.retry.delay, Fetch.traits.retry.when) == (grow, always)


def test_a_class_inherits_how_it_is_tried_again():
    class Base(FlowNode, register=False):
        retry = {"delay": 3}

    class Fetch(Base, register=False):
        def execute(self):
            """Do nothing."""

    assert Fetch.spec.retry.delay == 3


def test_a_function_node_takes_it_as_argument():
    @node(register=False, retries=2, retry={"on": "timed_out"}, memory_mb=100)
    def fetch() -> int:
        return 1

    assert (fetch.spec.retry.on, fetch.spec.memory_mb) == (("timed_out",), 100)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ({"retry": {"delay": -1}}, "node.retry", "`retry` of fetch is wrong"),
        ({"retry": 3}, "node.retry", "it is 3"),
        ({"memory_mb": 0}, "node.metadata", "megabytes above 0"),
        ({"memory_mb": float("inf")}, "node.metadata", "megabytes above 0"),
        ({"memory_mb": "much"}, "node.metadata", "memory_mb"),
        ({"memory_mb": True}, "node.metadata", "memory_mb"),
    ],
)
def test_a_class_that_says_it_wrongly_is_refused(options, code, told):
    with pytest.raises(DefinitionError, match=told) as caught:

        @node(register=False, **options)
        def fetch() -> int:
            return 1

    assert caught.value.code == code


@pytest.mark.parametrize("name", ["retry", "trigger", "memory_mb"])
def test_a_config_field_cannot_have_the_name_of_an_option(name):
    with pytest.raises(DefinitionError) as caught:
        node(register=False)(_with_parameter(name))

    assert caught.value.code == "node.reserved_name"


def _with_parameter(name):
    def fetch(**given) -> int:
        return 1

    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=1, annotation=int)
    fetch.__signature__ = inspect.Signature([parameter], return_annotation=int)
    fetch.__annotations__ = {name: int, "return": int}
    return fetch


# --- in cells --------------------------------------------------------------------------------------


CELL = """
class Fetch(FlowNode):
    retries = 1
    retry = Retry(delay=lambda attempt: attempt, when=lambda error, attempt: True)

    def execute(self):
        pass
"""


def test_a_cell_s_line_goes_over_its_class_field_by_field(notebook):
    notebook.run("from dagy_nb import FlowNode, Retry")

    made = notebook.define(CELL, retries=3, retry={"on": ("crashed",)}, memory_mb=64.0).node

    assert (made.spec.retries, made.spec.retry.on, made.spec.memory_mb) == (3, ("crashed",), 64)
    assert made.traits.retry.delay(7) == 7
    assert made.traits.retry.when is not None


def test_another_way_to_retry_is_another_version_of_the_node(notebook):
    notebook.run("from dagy_nb import FlowNode, Retry")
    before = notebook.define(CELL).node

    after = notebook.define(CELL.replace("lambda attempt: attempt", "lambda attempt: 5")).node

    assert before.spec.version != after.spec.version


def test_a_cell_s_node_is_tried_again_the_same_way_in_another_process(notebook, elsewhere):
    notebook.run("from dagy_nb import FlowNode, Retry")
    made = notebook.define(CELL, retry={"on": ("crashed",)}).node

    told = elsewhere(
        "import pickle, sys\n"
        f"node = pickle.loads({pickle.dumps(made)!r})\n"
        "print(node.spec.retry.on[0], node.traits.retry.delay(7), node.spec.version)"
    )

    assert told.decode().split() == ["crashed", "7", made.spec.version]
