"""`%flow run` is awaited wherever a cell may await, and stays a plain magic wherever it may not."""

from __future__ import annotations

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from dagy_nb.magics.awaiting import await_runs


def transform(cell: str) -> str:
    return await_runs(TransformerManager().transform_cell(cell))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%flow run a", "await get_ipython().run_line_magic('flow', 'await-quietly run a')\n"),
        (
            "x = %flow run a -p m=1",
            "x = await get_ipython().run_line_magic('flow', 'await run a -p m=1')\n",
        ),
        (
            "1\n%flow run a\n2",
            "1\nawait get_ipython().run_line_magic('flow', 'await-quietly run a')\n2\n",
        ),
        (
            "for m in range(2):\n    %flow run a -p m={m}",
            "for m in range(2):\n    await get_ipython().run_line_magic('flow', 'await-quietly run a -p m={m}')\n",
        ),
        (
            "async def f():\n    x = %flow run a\n",
            "async def f():\n    x = await get_ipython().run_line_magic('flow', 'await run a')\n",
        ),
        (
            "é = 1; ö = 2\ntry:\n    é = %flow run ä\nfinally:\n    pass",
            "é = 1; ö = 2\ntry:\n    é = await get_ipython().run_line_magic('flow', 'await run ä')\nfinally:\n    pass\n",
        ),
        (
            "%flow run a\n%flow run b",
            (
                "await get_ipython().run_line_magic('flow', 'await-quietly run a')\n"
                "await get_ipython().run_line_magic('flow', 'await-quietly run b')\n"
            ),
        ),
    ],
)
def test_a_run_at_the_top_of_a_cell_is_awaited(cell, expected):
    assert transform(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "def f():\n    %flow run a\n",
        "class A:\n    x = %flow run a\n",
        "async def f():\n    def g():\n        %flow run a\n",
        "%flow show a",
        "%flow running a",
        "%flow",
        "%flows run a",
        "%%time\n%flow run a",
        "%%flow run\nnodes: {}",
        "text = '''\n%flow run a\n'''",
        "print(\"get_ipython().run_line_magic('flow', 'run a')\")",
        "x = 1",
        "def f(:\n    %flow run a",
    ],
)
def test_everything_else_stays_as_it_is(cell):
    plain = TransformerManager().transform_cell(cell)

    assert await_runs(plain) == plain


def test_what_is_awaited_is_python():
    cell = transform("if True:\n    x = %flow run a\n    %flow run b\n")

    compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
