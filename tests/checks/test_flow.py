"""A whole flow: every finding with its code, place and advice; nothing found where nothing is wrong."""

from __future__ import annotations

import ast
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from dagy_nb.checks import limits
from dagy_nb.checks.codes import CODES
from dagy_nb.checks.flow import check_flow
from dagy_nb.model.diagnostic import Diagnostic, Severity
from dagy_nb.model.flow import FlowSpec, ParameterSpec
from tests.checks.specs import SPECS, flow, spec, table
from tests.source import list_modules, parse

SCHEMA = {
    "properties": {"month": {"type": "integer"}, "carrier": {"type": "string"}},
    "required": ["month"],
    "additionalProperties": False,
}
CONFIGURED = spec("Configured", outputs="y: TABLE", config_schema=SCHEMA)
MISSING = spec("Missing", unavailable="install dagy_nb[http].")
DASK = spec("Dask", runner="dask")
MAIL = spec("Mail", side_effects=True, retries=2)
ONCE = spec("Once", safe_to_retry=False)
HUGE = spec("Huge", memory_mb=500)
ALL = {**SPECS, **table(CONFIGURED, MISSING, DASK, MAIL, ONCE, HUGE)}
MONTH = ParameterSpec(name="month", type="integer", default=1, has_default=True)
YEAR = ParameterSpec(name="year", type="integer")


def check_config(type: str, config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the node type `Configured` says to a config."""
    if type != "Configured":
        return []
    problems = [
        (name, "there is no such field") for name in config if name not in SCHEMA["properties"]
    ]
    if "month" not in config:
        return [*problems, ("month", "Field required")]
    if not isinstance(config["month"], int):
        return [*problems, ("month", "Input should be a valid integer")]
    return problems


def check(spec: FlowSpec, **options: Any) -> tuple[Diagnostic, ...]:
    return check_flow(spec, ALL, check_config=check_config, runners=("inline", "thread"), **options)


def configured(*parameters: ParameterSpec, **config: Any) -> FlowSpec:
    return flow({"c": {"type": "Configured", "config": config}}, parameters=parameters)


def nest(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


GOOD = flow(
    "load:Load clean:Clean join:Join catch:Catch",
    "load.table -> clean.table",
    "load.count -> clean.limit",
    "clean.rows -> join.tables",
    "load.table -> join.tables",
    "load.error -> catch.error",
)
CASES = [
    (flow({}), "flow.nothing_to_run", "", "Add one"),
    (flow({"a": {"type": "Load", "disabled": True}}), "flow.nothing_to_run", "", "Enable"),
    (flow("a:Lode"), "node.unknown_type", "a", "Did you mean `Load`?"),
    (flow("a:Missing"), "node.unavailable", "a", ""),
    (flow("a:Mail"), "retries.refused", "a.retries", "Set retries to 0"),
    (
        flow({"a": {"type": "Once", "retries": 1}}),
        "retries.refused",
        "a.retries",
        "safe_to_retry = True",
    ),
    (
        flow({"a": {"type": "Load", "retry": {"delay": 5}}}),
        "retries.none",
        "a.retries",
        "Set retries of a",
    ),
    (flow("a:Huge"), "memory.not_held", "a.memory_mb", "Use the runner process"),
    (
        flow({"a": {"type": "Load", "trigger": "all_done"}}),
        "trigger.unused",
        "a.trigger",
        "Lead an edge into it",
    ),
    (flow("a:Dask"), "node.unknown_runner", "a.runner", "inline, thread"),
    (
        flow({"a": {"type": "Load", "runner": "process"}}),
        "node.unknown_runner",
        "a.runner",
        "inline, thread",
    ),
    (flow("a:Load b:Clean"), "input.missing", "b.table", "Connect a.table to it."),
    (flow("b:Catch"), "input.missing", "b.error", "an output that carries ERROR"),
    (
        flow("a:Load b:Join", "a.tabel -> b.tables"),
        "edge.unknown_connector",
        "a.tabel -> b.tables",
        "`table`",
    ),
    (
        flow("a:Load b:Join", "a.table -> b.tables", "a.table -> c.x"),
        "edge.unknown_node",
        "a.table -> c.x",
        "a, b",
    ),
    (
        flow("b:Join", "b.tables -> b.tables"),
        "edge.direction",
        "b.tables -> b.tables",
        "right side",
    ),
    (flow("b:Join", "b.both -> b.tables"), "edge.self_loop", "b.both -> b.tables", "another node"),
    (
        flow("a:Load z:Load b:Clean", "a.table -> b.table", "z.table -> b.table"),
        "edge.input_taken",
        "z.table -> b.table",
        "Remove",
    ),
    (
        flow("a:Load b:Show c:Show", "a.count -> b.value", "a.count -> c.value"),
        "edge.output_taken",
        "a.count -> c.value",
        "Remove",
    ),
    (
        flow("a:Join b:Join", "a.both -> b.tables", "b.both -> a.tables"),
        "edge.cycle",
        "b.both -> a.tables",
        "Remove one edge",
    ),
    (
        flow("a:Load b:Clean", "a.count -> b.table"),
        "types.mismatch",
        "a.count -> b.table",
        "between",
    ),
    (
        flow("a:Load b:Clean", "a.signal -> b.table"),
        "types.no_value",
        "a.signal -> b.table",
        "TABLE",
    ),
    (
        flow("a:Load b:Clean", "a.error -> b.table"),
        "types.error_output",
        "a.error -> b.table",
        "Catch node",
    ),
    (
        flow("a:Load b:Catch", "a.table -> b.error"),
        "types.error_input",
        "a.table -> b.error",
        "error output",
    ),
    (configured(), "config.missing", "c.month", "Set month"),
    (configured(month="x"), "config.invalid", "c.month", ""),
    (configured(month=1, carier="UA"), "config.unknown_field", "c.carier", "`carrier`"),
    (configured(MONTH, month="${params.mont}"), "parameter.undeclared", "c.month", "`month`"),
    (configured(month="${params.month}"), "parameter.undeclared", "c.month", "Declare it"),
    (configured(month="in ${params.month}"), "expression.unsupported", "c.month", "alone"),
    (configured(month=1, carrier="${secrets.x}"), "expression.unsupported", "c.carrier", "$${"),
    (
        configured(ParameterSpec(name="p", type="integer", default="x", has_default=True), month=1),
        "parameter.type",
        "p",
        "an integer",
    ),
    (
        configured(month=1, carrier=datetime(2026, 1, 1, tzinfo=UTC)),
        "config.not_plain",
        "c.carrier",
        "text",
    ),
    (
        configured(month=1, carrier=nest(60)),
        "limit.config_depth",
        "c.carrier" + ".0" * 50,
        "Flatten",
    ),
    (configured(month=1, carrier="x" * 300_000), "limit.config_size", "c", "file"),
]


@pytest.mark.parametrize(
    "node",
    [
        {"type": "Mail", "retries": 0},
        {"type": "Once"},
        {"type": "Load", "retries": 2, "retry": {"delay": 5}},
        {"type": "Load", "retry": {}},
        {"type": "Load", "retries": 3},
    ],
    ids=str,
)
def test_attempts_that_can_be_made_or_are_not_asked_for_are_no_finding(node: Any) -> None:
    assert check(flow({"a": node})) == ()


@pytest.mark.parametrize(("spec", "code", "place", "advice"), CASES)
def test_each_fault_is_the_one_finding(spec: FlowSpec, code: str, place: str, advice: str) -> None:
    (found,) = check(spec)

    assert (found.code, str(found.place)) == (code, place)
    assert found.severity is CODES[code][0]
    assert found.message.endswith(".")
    assert advice in found.suggestion


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"year": 2013}, None),
        ({}, "parameter.missing"),
        ({"year": "x"}, "parameter.type"),
        ({"year": True}, "parameter.type"),
        ({"year": 2013, "mnth": 1}, "parameter.unknown"),
    ],
)
def test_values_of_a_run_are_compared_with_the_declared_parameters(
    values: dict[str, Any], code: str | None
) -> None:
    found = check(configured(MONTH, YEAR, month=1), parameters=values)

    assert [each.code for each in found] == ([code] if code else [])


def test_too_many_edges_and_parameters_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_EDGES", 1)
    monkeypatch.setattr(limits, "MAX_PARAMETERS", 0)
    spec = flow("a:Load b:Join", "a.table -> b.tables", "a.count -> b.note", parameters=(MONTH,))

    assert [each.code for each in check(spec)] == ["limit.edges", "limit.parameters"]


def test_a_trigger_with_something_to_wait_for_is_no_finding():
    spec = flow(
        {"a": {"type": "Load"}, "b": {"type": "Clean", "trigger": "all_done"}}, "a.table -> b.table"
    )

    assert check(spec) == ()


def test_a_finding_shows_itself_in_words():
    (found,) = check(flow({}))

    assert repr([found]) == (
        "[<error The flow has no nodes yet. Add one from the palette, or with flow.add(…). "
        "[flow.nothing_to_run]>]"
    )


def test_a_good_flow_has_no_findings():
    assert check(GOOD) == ()


def test_what_only_the_run_can_tell_is_no_finding():
    """ANY into a type, a type that may fit, an unresolved parameter, edges of an undefined type."""
    open_types = table(
        spec("Any", outputs="y: ANY"),
        spec("Rows", inputs="x: TABLE"),
        spec("Two", outputs="y: TEXT|TABLE"),
    )
    some = flow("a:Any b:Rows c:Two d:Rows", "a.y -> b.x", "c.y -> d.x")

    assert check_flow(some, open_types) == ()
    assert check(configured(YEAR, month="${params.year}")) == ()
    assert [each.code for each in check(flow("g:Gone b:Join", "g.x -> b.tables"))] == [
        "node.unknown_type"
    ]


def test_a_field_that_is_a_parameter_is_checked_with_its_value():
    text = ParameterSpec(name="m", type="string", default="x", has_default=True)
    spec = configured(text, month="${params.m}")

    assert [each.code for each in check(spec)] == ["config.invalid"]
    assert check(configured(MONTH, month="${params.month}")) == ()
    assert check(configured(YEAR, month="${params.year}"), parameters={"year": 3}) == ()


def test_faults_of_a_disabled_node_only_warn():
    spec = flow({"load": "Load", "c": {"type": "Configured", "disabled": True}})
    (found,) = check(spec)

    assert (found.code, found.severity) == ("config.missing", Severity.WARNING)


def test_offered_outputs_never_close_a_circle():
    spec = flow("last:Clean first:Clean load:Load", "first.rows -> last.table")
    (found,) = check(spec)

    assert found.suggestion == "Connect load.table to it."


def test_an_open_input_is_offered_the_nearest_earlier_outputs():
    spec = flow(
        "a:Load b:Clean c:Clean d:Clean",
        "a.table -> b.table",
        "b.rows -> c.table",
        "c.rows -> d.limit",
    )
    found = [each for each in check(spec) if each.code == "input.missing"]

    assert [each.suggestion for each in found] == ["Connect c.rows or b.rows or a.table to it."]


def test_every_code_is_documented_and_shown_by_a_case():
    written = {
        argument.value
        for path in list_modules("dagy_nb/checks")
        for call in ast.walk(parse(path))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"find", "refuse"}
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant)
    }
    shown = {code for _, code, _, _ in CASES} | {
        "parameter.missing",
        "parameter.unknown",
        "limit.edges",
        "limit.parameters",
        "secret.in_parameter",
        "secret.in_text",
        "secret.not_recorded",
    }

    assert written - {"edge.duplicate"} <= set(CODES)
    assert shown == set(CODES)


def test_a_thousand_nodes_are_checked_in_a_tenth_of_a_second():
    """Best of five: a chain with a second edge into every tenth node, each with a config."""
    nodes = {
        f"n{index}": {
            "type": "Join" if index else "Load",
            "config": {"a": 1, "b": "${params.month}"},
        }
        for index in range(1_000)
    }
    edges = [f"n{i}.{'both' if i else 'table'} -> n{i + 1}.tables" for i in range(999)]
    edges += [f"n0.table -> n{i}.tables" for i in range(10, 1_000, 10)]
    spec = flow(nodes, *edges, parameters=(MONTH,))
    assert {each.code for each in check(spec)} == set()

    assert min(measure(spec) for _ in range(5)) < 0.1


def test_a_flow_where_all_is_wrong_is_checked_in_two_seconds():
    nodes = {f"n{index}": "Clean" if index % 2 else f"Claen{index}" for index in range(1_000)}
    edges = [f"n{i}.rows -> m{i + 1}.tabel" for i in range(999)]
    spec = flow(nodes, *edges)

    assert measure(spec) < 2
    assert len(check(spec)) == 500 + 500 + 999


def measure(spec: FlowSpec) -> float:
    """Processor seconds: what else the machine does must not fail the test."""
    begin = time.thread_time()
    check(spec)
    return time.thread_time() - begin
