"""A value that a node changes in place counts for nobody as what it was before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session.reusing import Notebook, ran, reused

CELLS = (
    "def rows() -> list:\n    return [1] * COUNT",
    "def one() -> int:\n    return COUNT",
    "def same(x: int, after: int) -> int:\n    return x",
    "def many(x: int) -> list:\n    return [1] * x",
    "def grow(x: list) -> int:\n    x.append(2)\n    return len(x)",
    "def size(x: list) -> int:\n    return len(x)",
)


@pytest.fixture(params=[2, 9_000], ids=["small", "large"])
def notebook(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.run(f"COUNT = {request.param}")
        for each in CELLS:
            made.define(each, runner="inline")
        yield made


def test_what_a_node_makes_of_a_value_that_another_changed_is_not_kept(
    notebook: Notebook, caplog: pytest.LogCaptureFixture
) -> None:
    count = notebook.names["COUNT"]
    both = notebook.flow(
        "name: both\nnodes: {r: {type: rows}, g: {type: grow}, s: {type: size}}\n"
        "edges: [r.output -> g.x, r.output -> s.x]"
    )
    both.run(reuse=True).wait()
    alone = notebook.flow(
        "name: alone\nnodes: {r: {type: rows}, s: {type: size}}\nedges: [r.output -> s.x]"
    )

    assert alone.run(reuse=True).wait()["s"].value == count
    assert "changed in place" in caplog.text
    assert reused(alone.run(reuse=True).wait()) == ["r", "s"]


def test_a_retried_node_that_changed_its_input_is_not_kept(notebook: Notebook) -> None:
    notebook.define(
        "def moody(x: list) -> int:\n    x.append(2)\n"
        "    if x.count(2) < 2: raise ValueError('no')\n    return len(x)",
        runner="inline",
        retries=1,
    )
    flow = notebook.flow(
        "name: f\nnodes: {r: {type: rows}, m: {type: moody}}\nedges: [r.output -> m.x]"
    )
    flow.run(reuse=True).wait()

    assert "m" in ran(flow.run(reuse=True).wait())


def test_an_equal_node_gets_what_the_other_made_not_what_became_of_it(notebook: Notebook) -> None:
    flow = notebook.flow(
        "name: f\nnodes: {o: {type: one}, a: {type: many}, g: {type: grow}, s: {type: same}, "
        "b: {type: many}, n: {type: size}}\n"
        "edges: [o.output -> a.x, a.output -> g.x, o.output -> s.x, g.output -> s.after, "
        "s.output -> b.x, b.output -> n.x]"
    )
    run = flow.run(reuse=True).wait()

    assert reused(run) == ["b"]
    assert run["n"].value == notebook.names["COUNT"]


def test_a_value_that_was_handed_on_counts_as_shared(
    notebook: Notebook, caplog: pytest.LogCaptureFixture
) -> None:
    notebook.define("def hand(x: list) -> list:\n    return x", runner="inline")
    notebook.define("def late(x: list, after: int) -> int:\n    return len(x)", runner="inline")
    text = (
        "name: f\nnodes: {r: {type: rows}, h: {type: hand}, g: {type: grow}, s: {type: late}}\n"
        "edges: [r.output -> h.x, h.output -> s.x, r.output -> g.x, g.output -> s.after]"
    )
    count = notebook.names["COUNT"]
    notebook.flow(text).run(reuse=True).wait()
    notebook.define("def grow(x: list) -> int:\n    return len(x) + 1", runner="inline")

    assert notebook.flow(text).run(reuse=True).wait()["s"].value == count
    assert "changed in place" in caplog.text
