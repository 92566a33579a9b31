"""What importing dagy_nb and making the first draft cost, beside a bare `import pydantic`, measured in one run.

python tests/bench/imports.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
STATEMENTS = {
    "nothing": "pass",
    "pydantic": "import pydantic; pydantic.BaseModel",
    "dagy_nb": "import dagy_nb",
    "dagy_nb, a node": "from dagy_nb import DataType, FlowNode, Input, Output, node",
    "dagy_nb, a flow": "from dagy_nb import Flow",
    "a first draft": "from dagy_nb import Flow; Flow('first')",
}


def measure(statement: str) -> float:
    """Return the seconds that a fresh interpreter takes for `statement`, its own start included."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", statement], check=True, env={**os.environ, "DAGY_HOME": home}
        )
        return time.perf_counter() - began


def measure_all() -> dict[str, float]:
    """Return the median seconds of each statement; rounds go through all of them in turn."""
    taken: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(ROUNDS):
        for name, statement in STATEMENTS.items():
            taken[name].append(measure(statement))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> None:
    """Print milliseconds over a bare interpreter, and their ratio to pydantic's."""
    medians = measure_all()
    bare = medians["nothing"]
    yardstick = medians["pydantic"] - bare
    print(f"{'import':<18}{'ms over bare':>14}{'× pydantic':>12}")
    for name, seconds in medians.items():
        over = seconds - bare
        print(f"{name:<18}{over * 1e3:>14.1f}{over / yardstick:>12.2f}")


if __name__ == "__main__":
    main()
