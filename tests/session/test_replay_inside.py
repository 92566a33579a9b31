"""What failed inside a Map or a sub-flow is looked at again: one item, with the same input and the same error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.engine.tap_shelf import MOST
from dagy_nb.errors import DagyError, FlowError, UnknownName
from dagy_nb.session.replay import replay
from dagy_nb.session.resume import resume
from tests.session.reusing import Notebook

INVERT = "def invert(x: int, by: float = 1) -> float:\n    return by / x"


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.registry.discover()
        made.define("def items(n: int = 3) -> list:\n    return [2, 0, 4] + [0] * (n - 3)")
        made.define(INVERT)
        yield made


def map_flow(notebook: Notebook, name: str = "f", *, config: str = "") -> object:
    return notebook.flow(
        f"name: {name}\nnodes: {{i: {{type: items{config}}},"
        " m: {type: Map, config: {node: invert, input: x, on_error: drop, node_config: {by: 3}}}}\n"
        "edges: [i.output -> m.items]"
    )


def inner_run(notebook: Notebook, run_id: str) -> str:
    (inner,) = notebook.session.store.runs(parent=run_id, nested=True).runs
    return inner.run_id


@pytest.mark.parametrize("options", [{}, {"reuse": True}, {"tap": True}])
def test_an_item_that_failed_raises_the_same_error_from_the_same_input(notebook, options) -> None:
    run = map_flow(notebook).run(**options).wait()
    inner = inner_run(notebook, run.id)

    seen = replay(inner, "item_0002", session=notebook.session)

    assert seen.inputs == {"x": 0}
    assert (seen.config, seen.touched) == ({"by": 3}, ())
    with pytest.raises(ZeroDivisionError):
        seen.run()
    with pytest.raises(UnknownName, match="not kept"):
        replay(inner, "item_0001", session=notebook.session)


def test_a_node_that_failed_in_a_sub_flow_has_what_came_from_outside_and_from_inside(
    notebook,
) -> None:
    notebook.define("def zero(x: int) -> int:\n    return x - x")
    notebook.define("def over(x: int, y: list) -> float:\n    y.append(1)\n    return y[0] / x")
    inner = notebook.flow(
        "name: inner\nnodes: {z: {type: zero}, o: {type: over}}\nedges: [z.output -> o.x]"
    )
    inner.as_node("Inner")
    notebook.define("def start() -> int:\n    return 7")
    flow = notebook.flow(
        "name: f\nnodes: {s: {type: start}, i: {type: items}, n: {type: Inner}}\n"
        "edges: [s.output -> n.x, i.output -> n.y]"
    )
    run = flow.run().wait(check=False)

    seen = replay(inner_run(notebook, run.id), "o", session=notebook.session)

    assert (seen.inputs["x"], seen.inputs["y"][:3]) == (0, [2, 0, 4])
    assert seen.touched == ("y",)  # the node appended to it before it failed
    with pytest.raises(ZeroDivisionError):
        seen.run()


def test_a_map_itself_names_the_item_to_replay(notebook) -> None:
    flow = map_flow(notebook)
    run = flow.run(tap=True).wait()

    seen = replay(run.id, "m", session=notebook.session)

    assert seen.inputs["items"] == [2, 0, 4]
    with pytest.raises(DagyError) as caught:
        seen.run()
    assert caught.value.code == "node.needs_run"
    assert caught.value.suggestion == (
        f"Replay one that failed: replay('{inner_run(notebook, run.id)}', 'item_0002')."
    )


def test_of_very_many_items_that_failed_the_first_are_kept(notebook) -> None:
    run = map_flow(notebook, config=f", config: {{n: {MOST + 10}}}").run().wait()
    inner = inner_run(notebook, run.id)

    kept = notebook.session.outputs
    failed = notebook.session.store.run(inner).nodes
    assert sum(bool(kept.tapped(inner, name)) for name in failed) == MOST


def test_what_was_secret_outside_is_not_kept_of_what_fails_inside(notebook, tmp_path) -> None:
    notebook.define(
        "class Secrets(FlowNode):\n    y = Output('LIST', secret=True)\n"
        "    def execute(self): return {'y': ['canary-9']}"
    )
    notebook.define("def use(x: str) -> int:\n    raise ValueError('no')")
    flow = notebook.flow(
        "name: f\nnodes: {s: {type: Secrets}, m: {type: Map, config: {node: use, input: x,"
        " on_error: drop}}}\nedges: [s.y -> m.items]"
    )
    run = flow.run().wait()

    seen = replay(inner_run(notebook, run.id), "item_0001", session=notebook.session)

    assert seen.left_out == {"x": "it is secret"}
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary-9" not in kept


def test_a_run_inside_a_node_is_gone_on_with_by_the_run_around_it_only(notebook) -> None:
    run = map_flow(notebook).run().wait()

    with pytest.raises(FlowError, match="inside the node m") as refused:
        resume(inner_run(notebook, run.id), session=notebook.session)

    assert refused.value.code == "flow.not_resumable"
