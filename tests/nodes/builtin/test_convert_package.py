"""Convert to TABLE: of which package the table is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.builtin.conversions import convert_value

RECORDS = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_the_package_of_a_table_does_not_hang_on_what_is_loaded():
    script = (
        "import polars; from dagy_nb.nodes.builtin.conversions import convert_value; "
        "print(type(convert_value([{'a': 1}], 'TABLE')).__module__)"
    )

    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )

    assert told.stdout.startswith("pandas")


@pytest.mark.parametrize(
    ("package", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)]
)
def test_the_package_of_a_table_can_be_asked_for(tmp_path, package, kind):
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")

    for value in (RECORDS, path, {"a": [1]}, np.zeros((2, 2))):
        assert type(convert_value(value, DataType.TABLE, package=package)) is kind
