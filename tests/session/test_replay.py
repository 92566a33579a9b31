"""A recorded node run is looked at again: the same inputs, the same error, here and now."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from dagy_nb.engine.content import digest_value
from dagy_nb.errors import CheckWarning, ContractError, StoreError, UnknownName
from dagy_nb.nodes.registry import Registry
from dagy_nb.session.replay import replay
from tests.session.reusing import Notebook

ROWS = "import pandas as pd\ndef rows(n: int = 3) -> pd.DataFrame:\n    return pd.DataFrame({'a': range(n)})"
BAD = (
    "def bad(rows: pd.DataFrame, least: int = 2) -> int:\n"
    "    picked = rows[rows.a >= least]\n"
    "    raise ValueError(f'{len(picked)} rows')"
)
FLOW = "name: f\nparameters: {m: {type: integer, default: 1}}\nnodes: {r: {type: rows}, b: {type: bad}}\nedges: [r.output -> b.rows]"


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook(tmp_path / ".dagy") as made:
        made.run("import pandas as pd")
        made.define(ROWS)
        made.define(BAD)
        yield made


@pytest.mark.parametrize("options", [{}, {"tap": True}, {"reuse": True}])
def test_a_failed_node_raises_the_same_error_from_the_same_inputs(
    notebook: Notebook, options: dict[str, bool]
) -> None:
    failed = notebook.flow(FLOW).run(m=5, **options).wait(check=False)
    seen = replay(failed.id, "b", session=notebook.session)

    table = pd.DataFrame({"a": range(3)})
    pd.testing.assert_frame_equal(seen.inputs["rows"], table)
    assert seen.digests["rows"] == (digest_value(table).digest,)
    assert (seen.attempt, seen.is_same_code, seen.touched) == (1, True, ())
    assert seen.parameters == {"m": 5}
    with pytest.raises(ValueError, match="1 rows") as caught:
        seen.run()
    shown = traceback.extract_tb(caught.value.__traceback__)
    assert (shown[-1].name, shown[-1].line) == ("bad", "raise ValueError(f'{len(picked)} rows')")
    # Of ours only what the user called.
    assert [each.name for each in shown[1:-1]] == ["run"]


def test_the_version_that_failed_is_found_after_the_cell_was_mended(notebook: Notebook) -> None:
    failed = notebook.flow(FLOW).run().wait(check=False)
    notebook.define(BAD.replace("raise ValueError(f'{len(picked)} rows')", "return len(picked)"))

    seen = replay(failed.id, "b", session=notebook.session)
    with pytest.raises(ValueError, match="1 rows"):
        seen.run()

    assert "Its code has changed since: set .node = bad to run today's." in repr(seen)
    seen.node = notebook.session.registry.snapshot().classes["bad"]
    assert seen.run() == {"output": 1}


def test_where_the_version_is_gone_todays_runs_and_that_is_said(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = notebook.flow(FLOW).run().wait(check=False)
    for name in [each for each in sys.modules if each.startswith("dagy_nb_cells.bad_")]:
        monkeypatch.delitem(sys.modules, name)
    notebook.define(BAD.replace("raise ValueError(f'{len(picked)} rows')", "return 8"))

    seen = replay(failed.id, "b", session=notebook.session)

    assert not seen.is_same_code
    assert "not defined here any more" in repr(seen)
    assert seen.run() == {"output": 8}


def test_inputs_that_a_node_changed_are_marked(notebook: Notebook) -> None:
    notebook.define("def items() -> list:\n    return [1]")
    notebook.define("def worse(x: list) -> int:\n    x.append(2)\n    raise ValueError('no')")
    flow = notebook.flow(
        "name: g\nnodes: {i: {type: items}, w: {type: worse}}\nedges: [i.output -> w.x]"
    )
    touched = flow.run().wait(check=False)
    tapped = flow.run(tap=True).wait(check=False)

    assert replay(touched.id, "w", session=notebook.session).touched == ("x",)
    kept = replay(tapped.id, "w", session=notebook.session)
    assert (kept.touched, kept.inputs) == ((), {"x": [1]})


def test_a_tap_keeps_the_inputs_of_every_node(notebook: Notebook) -> None:
    notebook.define("def fine(rows: pd.DataFrame) -> int:\n    return len(rows)")
    flow = notebook.flow(
        "name: h\nnodes: {r: {type: rows}, x: {type: fine}}\nedges: [r.output -> x.rows]"
    )
    run = flow.run(tap=True).wait()
    plain = flow.run().wait()

    assert replay(run.id, "x", session=notebook.session).run() == {"output": 3}
    with pytest.raises(UnknownName) as caught:
        replay(plain.id, "x", session=notebook.session)
    assert caught.value.code == "unknown.tap"
    with pytest.raises(UnknownName, match="has no node"):
        replay(run.id, "nope", session=notebook.session)


def test_a_broken_contract_is_raised_again(notebook: Notebook) -> None:
    notebook.define("def wrong(rows: pd.DataFrame) -> int:\n    return 'text'")
    flow = notebook.flow(
        "name: c\nnodes: {r: {type: rows}, w: {type: wrong}}\nedges: [r.output -> w.rows]"
    )
    failed = flow.run().wait(check=False)

    with pytest.raises(ContractError) as caught:
        replay(failed.id, "w", session=notebook.session).run()
    assert caught.value.code == "contract.wrong_type"


def test_an_async_node_is_replayed_inside_a_running_loop(notebook: Notebook) -> None:
    import asyncio

    notebook.define("async def later(rows: pd.DataFrame) -> int:\n    raise LookupError('async')")
    flow = notebook.flow(
        "name: a\nnodes: {r: {type: rows}, w: {type: later}}\nedges: [r.output -> w.rows]"
    )
    failed = flow.run().wait(check=False)
    seen = replay(failed.id, "w", session=notebook.session)

    async def cell() -> None:
        seen.run()

    with pytest.raises(LookupError, match="async"):
        asyncio.run(cell())


def test_a_secret_is_left_out(notebook: Notebook) -> None:
    notebook.define(
        "class Key(FlowNode):\n    key = Output('TEXT', secret=True)\n"
        "    def execute(self): return 'hush'"
    )
    notebook.define("def use(key: str) -> int:\n    raise ValueError('no')")
    flow = notebook.flow(
        "name: k\nnodes: {k: {type: Key}, u: {type: use}}\nedges: [k.key -> u.key]"
    )
    failed = flow.run().wait(check=False)
    seen = replay(failed.id, "u", session=notebook.session)

    assert seen.left_out == {"key": "it is secret"}
    with pytest.raises(StoreError) as caught:
        seen.run()
    assert caught.value.code == "outputs.left_out"


@pytest.mark.parametrize("tap", [False, True])
def test_a_secret_beside_what_cannot_be_looked_at_is_left_out(
    notebook: Notebook, tmp_path: Path, tap: bool
) -> None:
    notebook.run("from pathlib import Path\nfrom pydantic import SecretStr")
    notebook.define(
        "def hand() -> object:\n    return [Path('/dev/null'), SecretStr('canary-9182' * 999)]"
    )
    notebook.define("def use(x: object) -> int:\n    raise ValueError('no')")
    flow = notebook.flow(
        "name: k\nnodes: {h: {type: hand}, u: {type: use}}\nedges: [h.output -> u.x]"
    )
    failed = flow.run(tap=tap).wait(check=False)
    seen = replay(failed.id, "u", session=notebook.session)
    notebook.session.close()

    assert "secret" in seen.left_out["x"]
    kept = [each for each in (tmp_path / ".dagy" / "outputs").rglob("*") if each.is_file()]
    assert not any(b"canary-9182" in each.read_bytes() for each in kept)


def test_the_version_that_failed_is_found_where_its_type_is_gone(notebook: Notebook) -> None:
    failed = notebook.flow(FLOW).run().wait(check=False)
    notebook.session.registry = Registry()

    with pytest.raises(ValueError, match="1 rows"):
        replay(failed.id, "b", session=notebook.session).run()


@pytest.mark.parametrize(
    ("node_id", "attempt", "told"),
    [("b", 9, "Those of attempt 1 are."), ("r", None, "flow.run(tap=True)")],
)
def test_where_inputs_are_not_kept_it_says_which_are(
    notebook: Notebook, node_id: str, attempt: int | None, told: str
) -> None:
    failed = notebook.flow(FLOW).run().wait(check=False)

    with pytest.raises(UnknownName) as caught:
        replay(failed.id, node_id, attempt, session=notebook.session)
    assert caught.value.code == "unknown.tap"
    assert told in caught.value.suggestion


def test_inputs_that_made_room_for_others_are_said_to_have(notebook: Notebook) -> None:
    failed = notebook.flow(FLOW).run().wait(check=False)
    notebook.session.outputs.close()
    (notebook.session.outputs.folder / "index.sqlite").unlink()

    with pytest.raises(UnknownName, match="made room") as caught:
        replay(failed.id, "b", session=notebook.session)
    assert caught.value.code == "unknown.tap"


def test_a_secret_of_the_config_is_not_kept(notebook: Notebook) -> None:
    notebook.define(
        "class N(FlowNode):\n    y = Output('INTEGER')\n    class Config(FlowNode.Config):\n"
        "        word: SecretStr\n        times: int = 1\n    def execute(self):\n"
        "        raise ValueError(len(self.config.word.get_secret_value()) * self.config.times)"
    )
    flow = notebook.flow("name: k\nnodes: {n: {type: N, config: {word: canary-5513, times: 2}}}")
    with pytest.warns(CheckWarning, match="word of n is a secret"):
        failed = flow.run().wait(check=False)
    seen = replay(failed.id, "n", session=notebook.session)

    assert seen.config == {"times": 2}
    assert "config word is a secret" in repr(seen)
    with pytest.raises(StoreError, match="`word`") as caught:
        seen.run()
    assert caught.value.code == "outputs.left_out"
    seen.config["word"] = "abc"
    with pytest.raises(ValueError, match="6"):
        seen.run()
    kept = notebook.session.outputs.folder.rglob("*")
    assert not any(b"canary-5513" in each.read_bytes() for each in kept if each.is_file())
