"""Written text is the same for the same flow, reads back whole, and changes only what changed."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.document import make_document, same
from dagy_nb.flowfile.read import read_flow
from dagy_nb.flowfile.scalars import read_plain, write_scalar
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.edit import (
    AddNode,
    Connect,
    Disconnect,
    Edit,
    RemoveNode,
    RenameNode,
    SetConfig,
    SetFlow,
    SetOptions,
    apply_edit,
)
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry, ParameterSpec
from tests.strategies import AWKWARD, edits, flow_specs, plain_values

cases = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
DELAYS = """\
format: 1
name: delays
parameters:
  month: {type: integer, default: 1}
nodes:
  flights: {type: LoadFlights, config: {month: "${params.month}"}}
  late: {type: late, config: {minutes: 30}}
  report: {type: DelayByCarrier, timeout: 60}
edges:
  - flights.table -> late.flights
  - late.output -> report.flights
"""


def test_a_readable_text_is_written_as_it_was():
    assert write_flow(read_flow(DELAYS)) == DELAYS


def test_what_does_not_fit_on_a_line_is_indented_and_long_texts_keep_their_lines():
    sql = "select carrier,\n       avg(dep_delay)\nfrom flights\n"
    config = {"sql": sql, "columns": ["carrier"], "limits": {f"limit_{i}": i for i in range(12)}}
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="Query", config=config)])

    assert write_flow(spec) == (
        "format: 1\n"
        "name: f\n"
        "nodes:\n"
        "  a:\n"
        "    type: Query\n"
        "    config:\n"
        "      sql: |\n"
        "        select carrier,\n"
        "               avg(dep_delay)\n"
        "        from flights\n"
        "      columns: [carrier]\n"
        "      limits:\n" + "".join(f"        limit_{i}: {i}\n" for i in range(12))
    )


@cases
@given(flow_specs())
def test_reading_what_was_written_gives_the_flow_back(spec: FlowSpec) -> None:
    text = write_flow(spec)
    again = read_flow(text)

    assert again == spec
    assert same(make_document(again), make_document(spec))
    assert write_flow(again) == text
    assert again.content_hash == spec.content_hash


@cases
@given(plain_values)
def test_every_plain_value_survives_with_its_type(value: Any) -> None:
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config={"x": value})])

    assert same(make_document(read_flow(write_flow(spec))), make_document(spec))


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_survive_as_value_key_and_default(text: str) -> None:
    spec = FlowSpec(
        name="f",
        description=text,
        parameters=[ParameterSpec(name="p", type="string", default=text, has_default=True)],
        nodes=[NodeEntry(id="a", type="A", label=text, config={text: [text], "x": {"y": text}})],
    )

    assert read_flow(write_flow(spec)) == spec


@pytest.mark.parametrize("text", ["UA", "load_flights", "a.b", "data/flights.csv", "New York", "é"])
def test_simple_texts_need_no_quotes(text: str) -> None:
    assert write_scalar(text) == text
    assert read_plain(text) == text


@pytest.mark.parametrize(
    "text", ["no", "Yes", "null", "1", "2026-01-01", "-", "a: b", "a ", "", "~"]
)
def test_texts_that_some_reader_takes_for_something_else_are_quoted(text: str) -> None:
    assert write_scalar(text).startswith('"')


def test_paths_and_the_like_are_written_as_records_hold_them():
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config={"path": Path("a/b.csv")})])

    assert read_flow(write_flow(spec)).nodes[0].config == {"path": "a/b.csv"}


@pytest.mark.parametrize(
    "config",
    [
        {"x": object()},
        {"x": float("nan")},
        {"x": [float("inf")]},
        {"x" * 1_001: 1},
        {"x": {1: object()}},
    ],
    ids=["object", "nan", "inf", "key", "inside"],
)
def test_what_has_no_form_in_yaml_is_refused(config: dict[str, Any]) -> None:
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config=config)])

    with pytest.raises(FlowTextError) as caught:
        write_flow(spec)

    assert caught.value.code == "text.unwritable"
    assert "config of a" in caught.value.reason


# --- with the original text ---------------------------------------------------------------------------

COMMENTED = """\
# Delays of a month
parameters: {month: {type: integer, default: 1}}   # which month
nodes:
  # sources
  flights: {type: LoadFlights, config: {month: "${params.month}"}}  # big
  late:    {type: late, config: {minutes: 30}}

  # the report
  report:  {type: DelayByCarrier, timeout: 60}
  deep:
    type: Deep
    config:
      # how deep
      a: 1   # one
      sql: |
        select 1
        # no comment
    x-note: hi
edges:
  - flights.table -> late.flights   # main
  # and then
  - late.output->report.flights
# the end
"""
START = read_flow(COMMENTED, name="delays")


def change(*edits: Edit) -> tuple[FlowSpec, list[str]]:
    """The flow after edits, and the lines of the text that went and came."""
    spec = START
    for edit in edits:
        spec = apply_edit(spec, edit)
    text = write_flow(spec, original=COMMENTED)
    assert read_flow(text, name="delays") == spec
    lines = difflib.unified_diff(COMMENTED.splitlines(), text.splitlines(), n=0, lineterm="")
    return spec, [line for line in lines if line[0] in "+-" and line[:3] not in {"+++", "---"}]


def test_the_same_flow_leaves_the_text_alone():
    assert write_flow(START, original=COMMENTED) == COMMENTED


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (
            [SetConfig(id="late", config={"minutes": 45})],
            [
                "-  late:    {type: late, config: {minutes: 30}}",
                "+  late:    {type: late, config: {minutes: 45}}",
            ],
        ),
        (
            [SetConfig(id="deep", config={"a": 2, "sql": "select 1\n# no comment\n", "b": [1, 2]})],
            ["-      a: 1   # one", "+      a: 2   # one", "+      b: [1, 2]"],
        ),
        (
            [SetConfig(id="deep", config={"sql": "select 1\n# no comment\n"})],
            ["-      a: 1   # one"],
        ),
        (
            [SetOptions(id="report", timeout=60, label="The: report", disabled=True)],
            [
                "-  report:  {type: DelayByCarrier, timeout: 60}",
                '+  report:  {type: DelayByCarrier, label: "The: report", timeout: 60, disabled: true}',
            ],
        ),
        (
            [AddNode(node=NodeEntry(id="new", type="New"), index=1)],
            ["+  new: {type: New}"],
        ),
        (
            [RemoveNode(id="report")],
            [
                "-  report:  {type: DelayByCarrier, timeout: 60}",
                "-  - late.output->report.flights",
            ],
        ),
        (
            [Connect(edge=EdgeSpec.parse("deep.x -> report.y"))],
            ["+  - deep.x -> report.y"],
        ),
        (
            [Connect(edge=EdgeSpec.parse("deep.x -> report.y"), index=0)],
            ["+  - deep.x -> report.y"],
        ),
        (
            [Disconnect(edge=EdgeSpec.parse("flights.table -> late.flights"))],
            ["-  - flights.table -> late.flights   # main"],
        ),
        ([SetFlow(timeout=5, parameters=START.parameters)], ["+timeout: 5"]),
        (
            [SetFlow(parameters=(START.parameters[0].model_copy(update={"default": 2}),))],
            [
                "-parameters: {month: {type: integer, default: 1}}   # which month",
                "+parameters: {month: {type: integer, default: 2}}   # which month",
            ],
        ),
    ],
)
def test_only_the_lines_of_the_change_change(made: list[Edit], lines: list[str]) -> None:
    assert change(*made)[1] == lines


def test_a_renamed_node_takes_its_place_and_its_edges_follow():
    _, lines = change(RenameNode(id="late", to="very_late"))

    assert "+  very_late: {type: late, config: {minutes: 30}}" in lines
    assert "+  - flights.table -> very_late.flights" in lines
    assert not any("report:" in line or "# sources" in line for line in lines)


def test_an_undone_change_leads_back_to_the_same_letters():
    changed = apply_edit(START, SetConfig(id="late", config={"minutes": 45}))
    there = write_flow(changed, original=COMMENTED)

    assert write_flow(START, original=there) == COMMENTED


@pytest.mark.parametrize(
    ("before", "after"), [(1, 1.0), (1.0, 1), (1, True), (0, False), ("1", 1), ([1], [True])]
)
def test_values_that_python_takes_for_equal_are_told_apart(before: Any, after: Any) -> None:
    def spec(value: Any) -> FlowSpec:
        return FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config={"x": value})])

    changed = write_flow(spec(after), original=write_flow(spec(before)))

    assert changed == write_flow(spec(after)) != write_flow(spec(before))


def test_windows_line_ends_and_a_missing_last_one_are_kept():
    original = COMMENTED.replace("\n", "\r\n").removesuffix("\r\n")
    spec = apply_edit(START, SetConfig(id="late", config={"minutes": 45}))
    text = write_flow(spec, original=original)

    assert text == original.replace("minutes: 30", "minutes: 45")


@pytest.mark.parametrize(
    "original",
    [
        "",
        "{name: f, nodes: {a: {type: A}}}",
        "nodes: [",
        "? nodes\n: a: {type: A}\n",
        "x-a: &x 1\nnodes: {a: {type: A, config: {n: *x}}}",
    ],
)
def test_a_text_that_cannot_be_changed_bit_by_bit_is_written_anew(original: str) -> None:
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config={"n": 2})])

    assert read_flow(write_flow(spec, original=original), name="f") == spec


@cases
@given(st.data())
def test_a_changed_text_always_says_the_changed_flow(data: st.DataObject) -> None:
    before = data.draw(flow_specs())
    after = apply_edit(before, data.draw(edits(before)))
    original = _decorate(write_flow(before), data.draw(st.integers(0, 3)))
    assume(_says(original, before))

    text = write_flow(after, original=original)

    assert same(make_document(read_flow(text, name=after.name)), make_document(after))


def _says(text: str, spec: FlowSpec) -> bool:
    """Whether the decorated text is still that flow: a comment inside a text of several lines is none."""
    try:
        return read_flow(text) == spec
    except FlowTextError:
        return False


def _decorate(text: str, way: int) -> str:
    """The same flow as somebody else may lay it out."""
    match way:
        case 1:
            return "".join(f"{line}  # note\n" for line in text.splitlines())
        case 2:
            return "\n".join(f"# above\n{line}\n" for line in text.splitlines())
        case 3:
            return text.replace("\n", "\n\n").replace("format: 1\n", "")
    return text


def test_how_a_node_is_tried_again_is_written_short():
    text = (
        "format: 1\nname: f\nnodes:\n"
        "  a: {type: A, retries: 3, retry: {delay: [1, 5.5], 'on': [raised, crashed]}, trigger: all_done}\n"
        "  b: {type: B, retry: {}, memory_mb: 512}\n"
    )

    # Readers of YAML 1.1 take a bare `on` for true.
    assert write_flow(read_flow(text)) == text.replace("'on'", '"on"')
