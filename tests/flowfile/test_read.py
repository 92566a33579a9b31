"""Flow text is read as it is meant, and every fault is told with its code and its place."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagy_nb import flowfile
from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.read import read_flow
from dagy_nb.model.flow import FailurePolicy, ParameterSpec
from dagy_nb.model.frozen import thaw
from dagy_nb.model.retry import RetrySpec

DELAYS = """\
parameters: {month: {type: integer, default: 1}}
nodes:
  flights: {type: LoadFlights, config: {month: "${params.month}"}}
  late:    {type: late, config: {minutes: 30}}
  report:  {type: DelayByCarrier, timeout: 60}
edges:
  - flights.table -> late.flights
  - late.output -> report.flights
"""


def test_the_design_s_example_is_read_whole():
    flow = read_flow(DELAYS, name="delays")

    assert flow.name == "delays"
    assert flow.parameters == (
        ParameterSpec(name="month", type="integer", default=1, has_default=True),
    )
    assert [(node.id, node.type) for node in flow.nodes] == [
        ("flights", "LoadFlights"),
        ("late", "late"),
        ("report", "DelayByCarrier"),
    ]
    assert flow.nodes[0].config == {"month": "${params.month}"}
    assert flow.nodes[2].timeout == 60
    assert [str(edge) for edge in flow.edges] == [
        "flights.table -> late.flights",
        "late.output -> report.flights",
    ]


def test_every_field_is_read():
    flow = read_flow(
        """
        format: 1
        name: all
        description: |
          Two
          lines
        failure_policy: isolate
        timeout: 600
        node_timeout: 0
        nodes:
          a: {type: A, label: 'The A', timeout: 0, runner: thread, retries: 2, disabled: true, x-seen: [1]}
        x-owner: {team: data}
        """
    )
    (node,) = flow.nodes

    assert (flow.description, flow.failure_policy) == ("Two\nlines\n", FailurePolicy.ISOLATE)
    assert (flow.timeout, flow.node_timeout) == (600, 0)
    assert (node.label, node.timeout, node.runner, node.retries) == ("The A", 0, "thread", 2)
    assert node.disabled
    assert (thaw(node.extra), thaw(flow.extra)) == ({"x-seen": [1]}, {"x-owner": {"team": "data"}})


def test_how_a_node_is_tried_again_and_when_it_starts_is_read():
    flow = read_flow(
        """
        nodes:
          a:
            type: A
            retries: 3
            retry: {delay: [1, 5.5], on: [crashed, raised], jitter: 0.2, max_delay: 60, errors: [OSError]}
            trigger: any_success
            memory_mb: 512
          b: {type: B, retry: {delay: 2, backoff: 3, on: timed_out, errors: raised.Busy}}
          c: {type: C, retry: {}}
          d: {type: D, retry: , trigger: }
        """,
        name="f",
    )
    a, b, c, d = flow.nodes

    assert a.retry == RetrySpec(
        delay=(1, 5.5), on=("raised", "crashed"), jitter=0.2, max_delay=60, errors=("OSError",)
    )
    assert (a.trigger, a.memory_mb) == ("any_success", 512)
    assert b.retry == RetrySpec(delay=2, backoff=3, on=("timed_out",), errors=("raised.Busy",))
    assert c.retry == RetrySpec()
    assert (d.retry, d.trigger) == (None, "all_success")


BAD_FIELDS = [
    ("retry: 5", "text.field_type", 7, "must be a mapping, not a number"),
    ("retry: {delay: [1, x]}", "text.code", 19, "A flow holds no code"),
    ("retry: {delay: 'lambda n: n'}", "text.code", 15, "as `retry = Retry(delay=…)`"),
    ("retry: {when: always}", "text.code", 8, "as `retry = Retry(when=…)`"),
    ("retry: {dealy: 1}", "text.unknown_field", 8, "Did you mean `delay`?"),
    ("retry: {delay: -1}", "text.value", 15, "it must be from 0 to 604800"),
    ("retry: {delay: []}", "text.value", 15, "is empty"),
    ("retry: {delay: [1, [2, 3]]}", "text.field_type", 19, "must be a number of seconds, not a list"),
    ("retry: {delay: [1, true]}", "text.field_type", 19, "must be a number of seconds, not true"),
    ("retry: {delay: [1, 2], backoff: 2}", "text.value", 7, "`backoff` goes with one `delay`"),
    ("retry: {jitter: 2}", "text.value", 16, "it must be from 0 to 1"),
    ("retry: {backoff: 0.5}", "text.value", 17, "it must be from 1 to 100"),
    ("retry: {max_delay: soon}", "text.field_type", 19, "must be a number of seconds"),
    ("retry: {on: []}", "text.value", 12, "is empty"),
    ("retry: {on: [raised, late]}", "text.value", 21, "raised, timed_out, crashed"),
    ("retry: {on: [raised, contract]}", "text.value", 21, "cannot be 'contract'"),
    ("retry: {errors: [OSError, 3]}", "text.field_type", 26, "must be a text"),
    ("retry: {errors: ['']}", "text.value", 17, "holds no name"),
    ("trigger: all_succes", "text.value", 9, "Did you mean `all_success` or"),
    ("memory_mb: 0", "text.value", 11, "it must be above 0"),
    ("memory_mb: lots", "text.field_type", 11, "must be a number of megabytes"),
    ("memory_mb: 1" + "0" * 400, "text.value", 11, "too large"),
    ("timeout: 1" + "0" * 400, "text.value", 9, "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "column", "words"), BAD_FIELDS)
def test_a_node_s_field_that_is_wrong_is_told_with_its_place(text, code, column, words):
    with pytest.raises(FlowTextError) as caught:
        read_flow(f"nodes:\n  a:\n    type: A\n    {text}\n", name="f")

    assert (caught.value.code, caught.value.line, caught.value.column) == (code, 4, column + 5)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "default", "has_default"),
    [
        ("month: 1", "integer", 1, True),
        ("month: 1.5", "number", 1.5, True),
        ("month: UA", "string", "UA", True),
        ("month: true", "boolean", True, True),
        ("month: [1]", "array", [1], True),
        ("month: {low: 1}", "object", {"low": 1}, True),
        ("month: {}", "object", {}, True),
        ("month: ", "any", None, True),
        ("month: {default: 1}", "integer", 1, True),
        ("month: {type: integer}", "integer", None, False),
        ("month: {type: any, default: ~}", "any", None, True),
        ("month: {description: which}", "any", None, False),
        ("month: 2013-01-01", "string", "2013-01-01", True),
    ],
)
def test_a_parameter_is_declared_in_short_or_in_full(
    text: str, kind: str, default: Any, has_default: bool
) -> None:
    (parameter,) = read_flow(f"parameters: {{{text}}}", name="f").parameters

    assert (parameter.type, parameter.default, parameter.has_default) == (
        kind,
        default,
        has_default,
    )
    assert type(parameter.default) is type(default)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-1", -1), ("0o17", 15), ("0xff", 255), ("007", 7), ("1.0", 1.0), ("1e3", 1000.0),
        (".5", 0.5), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1_000", "1_000"), ("12:30:00", "12:30:00"),
        ("2026-11-21", "2026-11-21"), ("'12'", "12"), ('"a\\tb"', "a\tb"), ("a b", "a b"), ("-", "-"),
        ("tRUE", "tRUE"), ("+.5e-1", 0.05), ("é", "é"),
    ],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    if text == "-":
        text = "'-'"
    config = (
        read_flow(f"nodes: {{a: {{type: A, config: {{x: {text}}}}}}}", name="f").nodes[0].config
    )

    assert config["x"] == value
    assert type(config["x"]) is type(value)


def test_anchors_stand_for_what_they_name():
    flow = read_flow(
        "nodes:\n  a: {type: A, config: &c {x: [1, 2]}}\n  b: {type: B, config: *c}\n", name="f"
    )

    assert flow.nodes[0].config == flow.nodes[1].config == {"x": [1, 2]}


@pytest.mark.parametrize("name", ["parameters", "nodes", "edges", "description", "timeout"])
def test_a_field_left_open_is_a_field_left_out(name: str) -> None:
    assert read_flow(f"name: f\n{name}:\n") == read_flow("name: f\n")


def test_bytes_with_a_byte_order_mark_and_windows_line_ends_are_read():
    assert read_flow(b"\xef\xbb\xbf" + DELAYS.replace("\n", "\r\n").encode(), name="f") == (
        read_flow(DELAYS, name="f")
    )


NODES = "nodes:\n  a: {type: A}\n"
BOMB = "x-a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"x-{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
BAD = [
    # text, code, line, column, words of the reason or advice
    (3, "text.no_text", None, None, "from text, not from a int"),
    ("", "text.empty", None, None, "nodes:"),
    ("# only a comment\n", "text.empty", None, None, "nodes:"),
    ("---\n", "text.empty", None, None, "nodes:"),
    ("just text", "text.field_type", 1, 1, "a mapping, not a text"),
    ("- a\n- b\n", "text.field_type", 1, 1, "not a list"),
    ("42", "text.field_type", 1, 1, "not a number"),
    ("nodes:\n\ta: {type: A}\n", "text.tab", 2, 1, "spaces"),
    ("nodes:\n  a:\n  \ttype: A\n", "text.tab", 3, 3, "spaces"),
    ("nodes: [\n", "text.syntax", 2, 1, "bracket"),
    ("name: 'f\n", "text.syntax", 2, 1, "quotes"),
    ("name: f: g\n", "text.syntax", 1, 8, "Quote"),
    ("nodes:\n  a: {type: A}\n b: {type: B}\n", "text.syntax", 3, 2, "equally"),
    ('name: "\\q"\n', "text.syntax", 1, 9, "backslash"),
    ('name: "\\UFFFFFFFF"\n', "text.syntax", None, None, "escapes"),
    ("name: %f\n", "text.syntax", 1, 7, "%"),
    ("%YAML 2.0\n---\nname: f\n", "text.syntax", 1, 1, "version"),
    ("name: f\nname: g\n", "text.duplicate_key", 2, 1, "'name'"),
    ("nodes:\n  a: {type: A}\n  a: {type: B}\n", "text.duplicate_key", 3, 3, "'a'"),
    ("nodes: {a: {type: A, config: {x: 1, x: 2}}}", "text.duplicate_key", 1, 37, "'x'"),
    (BOMB, "text.too_many", 6, 28, "Aliases"),
    ("x-a: &a [*a]\n", "text.alias", 1, 10, "itself"),
    ("x-a: *b\n", "text.alias", 1, 6, "no anchor"),
    ("x-a: " + "[" * 5_000, "text.too_deep", 1, 65, "60 levels"),
    ("\n".join(" " * depth + "x-a:" for depth in range(100)), "text.too_deep", 61, 61, "60 levels"),
    ("name: f\ndescription: " + "x" * 2_000_000, "text.too_large", None, None, "2,000,000"),
    ("x-a: !!python/object/apply:os.system ['true']\n", "text.tag", 1, 6, "makes no objects"),
    ("x-a: !thing 1\n", "text.tag", 1, 6, "tag"),
    ("x-a: !!int '1'\n", "text.tag", 1, 6, "tag"),
    ("x-a: !e!thing 1\n", "text.syntax", 1, 6, "tag"),
    ("name: f\n---\nname: g\n", "text.documents", 2, 1, "second document"),
    ("<<: {name: f}\n", "text.merge_key", 1, 1, "Write the fields out"),
    ("1: x\n", "text.key_type", 1, 1, "Quote"),
    ("nodes: {a: {type: A, config: {true: 1}}}\n", "text.key_type", 1, 31, "Quote"),
    ("[a, b]: x\n", "text.key_type", 1, 1, "name"),
    ("x-a: .nan\n", "text.not_finite", 1, 6, "no finite number"),
    ("x-a: -.inf\n", "text.not_finite", 1, 6, "no finite number"),
    ("x-a: 1e999\n", "text.not_finite", 1, 6, "no finite number"),
    ("x-a: " + "9" * 5_000, "text.number", 1, 6, "5,000 digits"),
    ("name: f\nx-a: b\x00c\n", "text.character", 2, 7, "U+0000"),
    ("name: \ud800\n", "text.character", 1, 7, "U+D800"),
    (b"name: f\n# \xff\n", "text.encoding", 2, 3, "0xff"),
    ("name: f\n".encode("utf-16"), "text.encoding", 1, 1, "UTF-8"),
    (b"name: f\ndescription: caf\xe9\n", "text.encoding", 2, 17, "UTF-8"),
    (3, "text.no_text", None, None, "read_text"),
    ("format: 2\nname: f\n", "text.format", 1, 9, "format 2"),
    ("format: '1'\nname: f\n", "text.format", 1, 9, "'1'"),
    ("format: true\nname: f\n", "text.format", 1, 9, "True"),
    ("version: 1\n", "text.unknown_field", 1, 1, "'version'"),
    ("nodse: {}\n", "text.unknown_field", 1, 1, "`nodes`"),
    ("nodes:\n  a: {type: A, timeuot: 3}\n", "text.unknown_field", 2, 16, "`timeout`"),
    ("parameters:\n  p: {typ: integer, default: 1}\n", "text.unknown_field", 2, 7, "`type`"),
    (NODES, "text.missing_field", None, None, "name: …"),
    ("name: f\nnodes:\n  a: {label: A}\n", "text.missing_field", 3, 3, "type"),
    ("name: f\nnodes:\n  a: {type: }\n", "text.field_type", 3, 12, "not nothing"),
    ("name: f\nnodes:\n  a: LoadFlights\n", "text.field_type", 3, 6, "{type: …}"),
    ("name: f\nnodes: [a]\n", "text.field_type", 2, 8, "not a list"),
    ("name: f\nedges: {a: b}\n", "text.field_type", 2, 8, "not a mapping"),
    ("name: 1\n", "text.field_type", 1, 7, "Quote"),
    ("name: f\ntimeout: 30s\n", "text.field_type", 2, 10, "seconds"),
    ("name: f\ntimeout: true\n", "text.field_type", 2, 10, "not true"),
    ("name: f\ntimeout: 0\n", "text.value", 2, 10, "above 0"),
    ("name: f\nnode_timeout: -1\n", "text.value", 2, 15, "0 (no limit) or more"),
    ("name: f\nfailure_policy: stopp\n", "text.value", 2, 17, "`stop`"),
    ("name: f\nnodes: {a: {type: A, config: [1]}}\n", "text.field_type", 2, 30, "mapping"),
    ("name: f\nnodes: {a: {type: A, runner: tread}}\n", "text.value", 2, 30, "`thread`"),
    ("name: f\nnodes: {a: {type: A, retries: 101}}\n", "text.value", 2, 31, "0 to 100"),
    ("name: f\nnodes: {a: {type: A, retries: 1.5}}\n", "text.field_type", 2, 31, "whole"),
    ("name: f\nnodes: {a: {type: A, disabled: 'no'}}\n", "text.field_type", 2, 32, "true"),
    ("name: f\nnodes: {a: {type: A, label: 3}}\n", "text.field_type", 2, 29, "Quote"),
    ("name: f\nparameters: {p: {type: int}}\n", "text.value", 2, 24, "`integer`"),
    ("name: my flow\n", "text.name", 1, 7, "letters"),
    ("name: f\nnodes:\n  1st: {type: A}\n", "text.name", 3, 3, "'1st'"),
    ("name: f\nnodes:\n  a: {type: a.b}\n", "text.name", 3, 13, "'a.b'"),
    ("name: f\nparameters: {a-b: 1}\n", "text.name", 2, 14, "'a-b'"),
    ("name: f\nedges:\n  - a.x > b.y\n", "text.edge", 3, 5, "node.output -> node.input"),
    ("name: f\nedges:\n  - a -> b\n", "text.edge", 3, 5, "node.output -> node.input"),
    ("name: f\nedges:\n  - {from: a.x, to: b.y}\n", "text.edge", 3, 5, "node.output"),
    ("name: f\nedges:\n  - a.x -> b.y\n  - a.x->b.y\n", "text.duplicate_edge", 4, 5, "twice"),
]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "words"),
    BAD,
    ids=[f"{i}-{each[1]}" for i, each in enumerate(BAD)],
)
def test_bad_text_is_refused_with_code_and_place(
    text: Any, code: str, line: int | None, column: int | None, words: str
) -> None:
    with pytest.raises(FlowTextError) as caught:
        read_flow(text)

    error = caught.value
    assert (error.code, error.line, error.column) == (code, line, column)
    assert words in f"{error.reason} {error.suggestion}"
    assert (line is None) or str(error).startswith(f"line {line}, column {column}: ")


def test_every_code_is_documented_and_shown_by_a_case():
    documented = {
        word.strip("`,") for word in (flowfile.__doc__ or "").split() if word.startswith("`text.")
    }

    assert {each[1] for each in BAD} | {"text.unwritable", "text.code"} == documented


def test_a_name_that_is_none_is_refused_wherever_it_comes_from():
    with pytest.raises(FlowTextError) as caught:
        read_flow(NODES, name="my flow")

    assert caught.value.code == "text.name"


def test_a_bomb_is_refused_before_it_goes_off():
    begin = time.thread_time()
    with pytest.raises(FlowTextError):
        read_flow(BOMB)

    assert time.thread_time() - begin < 1


def find_fault(text: str) -> FlowTextError | None:
    try:
        read_flow(text, name="f")
    except FlowTextError as error:
        return error
    return None


@settings(max_examples=300, deadline=None)
@given(st.text("abx:-[]{}&*!|>'\"%@`,#?\\ \n\t.0123~é\x85\u2028", max_size=40))
def test_any_text_is_a_flow_or_a_coded_error(text: str) -> None:
    fault = find_fault(text)

    assert fault is None or fault.code.startswith("text.")
    assert fault is None or fault.line is None or 1 <= fault.line <= len(text) + 1


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_flow_is_a_flow_or_a_coded_error(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DELAYS)))
    stop = data.draw(st.integers(start, min(len(DELAYS), start + 10)))
    fault = find_fault(DELAYS[:start] + data.draw(st.text(max_size=4)) + DELAYS[stop:])

    assert fault is None or fault.code.startswith("text.")
