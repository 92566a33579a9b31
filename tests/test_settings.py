"""The environment is read once, with where each value came from; what is wrong is named."""

from __future__ import annotations

import dataclasses

import pytest

from dagy_nb.errors import SettingError
from dagy_nb.settings import Settings, read_settings


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("DAGY_TIMEOUT", "17", "node_timeout", 17.0),
        ("DAGY_TIMEOUT", "None", "node_timeout", None),
        ("DAGY_SLOTS", "3", "thread_slots", 3),
        ("DAGY_PARENT_RUN", "20270115-run1", "parent_run", "20270115-run1"),
        ("DAGY_STATIC", "yes", "static", True),
        ("DAGY_STATIC", "0", "static", False),
        ("DAGY_JOURNAL_DAYS", "30", "journal_days", 30.0),
        ("DAGY_JOURNAL_DAYS", "none", "journal_days", None),
    ],
)
def test_a_setting_is_read_from_the_environment(tmp_path, name, text, field, value):
    found = read_settings({"DAGY_HOME": str(tmp_path), name: f" {text} "}, tmp_path)

    assert str(getattr(found, field)).strip() == str(value)
    assert found.sources[field] == name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DAGY_TIMEOUT", "soon"),
        ("DAGY_TIMEOUT", "0"),
        ("DAGY_TIMEOUT", "nan"),
        ("DAGY_TIMEOUT", "inf"),
        ("DAGY_SLOTS", "0"),
        ("DAGY_SLOTS", "1.5"),
        ("DAGY_STATIC", "maybe"),
        ("DAGY_JOURNAL_DAYS", "0.5"),
        ("DAGY_JOURNAL_DAYS", "nan"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path, name, text):
    with pytest.raises(SettingError) as caught:
        read_settings({name: text}, tmp_path)

    assert caught.value.code == "setting.invalid"
    assert name in caught.value.reason


def test_every_setting_says_where_it_came_from(tmp_path):
    found = read_settings({"DAGY_HOME": str(tmp_path)}, tmp_path)

    names = {each.name for each in dataclasses.fields(Settings)} - {"sources"}
    assert set(found.sources) == names
    assert {name for name, source in found.sources.items() if source != "default"} == {"home"}


def test_records_go_to_the_nearest_folder_of_records(tmp_path):
    (tmp_path / ".dagy").mkdir()
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)

    found = read_settings({}, inside)

    assert found.home == tmp_path / ".dagy"
    assert found.sources["home"] == "the nearest .dagy folder"
    assert read_settings({"DAGY_HOME": "~/x"}, inside).home.name == "x"
