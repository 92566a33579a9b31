"""A run with reuse runs exactly what changed, and says why (Show 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.errors import UnknownName
from dagy_nb.model.state import NodeState, Reason
from tests.session.reusing import Notebook, ran

HELPERS = """
from pathlib import Path
LIMIT = 5
def trim(x): return x.strip()
def clean(x): return trim(x) or '?'
"""
LOAD = "def load(path: Path = Path('PLACE')) -> list:\n    return path.read_text().splitlines()"
TIDY = "def tidy(rows: list) -> list:\n    # comment\n    return [clean(each) for each in rows]"
SOME = "def some(rows: list, first: int = 0) -> list:\n    return rows[first:LIMIT]"
COUNT = "def count(rows: list) -> int:\n    return len(rows)"
FLOW = """
name: rows
parameters: {first: {type: integer, default: 0}, unused: {type: integer, default: 0}}
nodes:
  load: {type: load}
  tidy: {type: tidy}
  some: {type: some, config: {first: "${params.first}"}}
  count: {type: count}
edges:
  - load.output -> tidy.rows
  - tidy.output -> some.rows
  - some.output -> count.rows
"""


class World:
    """The notebook of the mutation table with its data file."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data.csv"
        self.data.write_text(" a\nb \nc\n")
        self.notebook = Notebook(folder / ".dagy")
        self.cells = [HELPERS, *(each.replace("PLACE", str(self.data)) for each in self.nodes())]
        self.text = FLOW
        self.parameters: dict[str, int] = {}

    @staticmethod
    def nodes() -> tuple[str, ...]:
        return (LOAD, TIDY, SOME, COUNT)

    def change(self, old: str, new: str) -> None:
        """Change the text of whichever cell has it, or of the flow."""
        assert old in "".join(self.cells) + self.text
        self.cells = [each.replace(old, new) for each in self.cells]
        self.text = self.text.replace(old, new)

    def run(self, **options: object):
        """Run all cells from the top, then the flow."""
        self.notebook.run(self.cells[0])
        for each in self.cells[1:]:
            self.notebook.define(each)
        self.flow = self.notebook.flow(self.text)
        forecast = self.flow.plan(**self.parameters)
        run = self.flow.run(reuse=True, **self.parameters, **options).wait()
        if not options:
            for name, node in forecast.nodes.items():
                did = run[name].reason is Reason.UP_TO_DATE
                assert node.action == "maybe" or (node.action == "reuse") is did, (name, node)
        return run


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.notebook:
        yield made


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x.strip()", "x.strip(' ')", {"tidy": "code: helper `trim` changed"}),
        ("or '?'", "or '!'", {"tidy": "code: helper `clean` changed"}),
        (
            "LIMIT = 5",
            "LIMIT = 2",
            {
                "some": "code: constant LIMIT: 5 → 2",
                "count": "upstream: output some.output changed",
            },
        ),
        ("LIMIT = 5", "LIMIT = 9", {"some": "code: constant LIMIT: 5 → 9"}),
        ("len(rows)", "len(rows) + 0", {"count": "code: own code changed"}),
        (
            '{type: some, config: {first: "${params.first}"}}',
            "{type: some, config: {first: 1}}",
            {
                "some": "config: config field first: 0 → 1",
                "count": "upstream: output some.output changed",
            },
        ),
        (
            "count(rows: list) -> int:\n    return",
            "count(rows: list) -> float:\n    return",
            {"count": "code: own code changed"},
        ),
        ("# comment", "# another comment", {}),
        ("def trim(x): return", "\n\ndef trim(x):\n    '''Words.'''\n    return", {}),
        ("LIMIT = 5", "LIMIT = 5\nUNUSED = 1", {}),
        (
            "load.output -> tidy.rows\n  - tidy.output -> some.rows",
            "load.output -> tidy.rows\n  - load.output -> some.rows",
            {
                "some": "input: input rows comes from load.output instead of tidy.output",
                "count": "upstream: output some.output changed",
            },
        ),
    ],
)  # fmt: skip
def test_exactly_what_changed_runs_again(
    world: World, old: str, new: str, expected: dict[str, str]
) -> None:
    assert set(ran(world.run())) == {"load", "tidy", "some", "count"}
    assert ran(world.run()) == {}

    world.change(old, new)

    assert ran(world.run()) == expected


def test_another_file_runs_what_reads_it_and_what_gets_another_value(world: World) -> None:
    world.run()
    world.data.write_text(" a\nb \nd\n")
    assert (
        ran(world.run())
        == {
            "load": "input: file data.csv changed",
            "tidy": "upstream: output load.output changed",
            "some": "upstream: output tidy.output changed",
            "count": "upstream: output some.output changed",
        }
        | {}
    )


def test_a_value_that_stays_the_same_stops_the_wave(world: World) -> None:
    world.run()
    world.data.write_text("a\nb\nc\n")

    assert list(ran(world.run())) == ["load", "tidy"]


def test_a_parameter_counts_where_a_config_names_it(world: World) -> None:
    world.run()
    world.parameters = {"unused": 7}
    assert ran(world.run()) == {}

    world.parameters = {"first": 1}
    assert ran(world.run()) == {
        "some": "config: config field first: 0 → 1",
        "count": "upstream: output some.output changed",
    }
    world.parameters = {}
    assert ran(world.run()) == {}


def test_the_order_of_cells_does_not_count(world: World) -> None:
    world.run()
    world.cells = [world.cells[0], *reversed(world.cells[1:])]

    assert ran(world.run()) == {}


def test_a_forced_node_runs_and_its_dependents_only_for_other_values(world: World) -> None:
    world.run()

    assert ran(world.run(force=("tidy",))) == {"tidy": "forced: it was forced"}
    with pytest.raises(UnknownName) as caught:
        world.flow.run(force="tidi")
    assert "`tidy`" in caught.value.suggestion


def test_a_reused_node_has_its_outputs_previews_and_the_run_they_are_of(world: World) -> None:
    first = world.run()
    second = world.run()

    node = second["tidy"]
    assert (node.state, node.reason) == (NodeState.SKIPPED, Reason.UP_TO_DATE)
    assert node.value == ["a", "b", "c"]
    assert node.record.reused_from == first.id
    assert node.record.previews == first["tidy"].record.previews
    assert node.record.key == first["tidy"].record.key != ""


def test_a_run_without_reuse_takes_nothing_and_says_nothing(world: World) -> None:
    world.run()
    run = world.flow.run().wait()

    assert ran(run) == dict.fromkeys(("load", "tidy", "some", "count"), "None: ")
    assert {node.record.key for node in run.values()} == {""}


def test_another_process_finds_what_this_one_kept(world: World, tmp_path: Path) -> None:
    world.run()
    world.notebook.session.close()
    again = World(tmp_path)
    with again.notebook:
        assert ran(again.run()) == {}
