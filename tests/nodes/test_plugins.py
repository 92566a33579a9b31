"""Entry points of other packages: loaded once, each by itself."""

from __future__ import annotations

import sys

import pytest

from dagy_nb.errors import DefinitionError, UnknownName
from dagy_nb.nodes.registry import Registry, use_registry

GOOD = """
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.function import node
print("loading", __name__)

class {name}(FlowNode):
    y = Output()
    def execute(self):
        return 1

@node
def {name}_function(x: int) -> int:
    return x
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with one entry point on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(package: str, text: str, target: str | None = None, entry: str | None = None):
        (tmp_path / f"{package}.py").write_text(text)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[dagy_nb.nodes]\n{entry or package} = {target or package}\n"
        )
        return tmp_path

    yield put
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def test_plug_ins_are_found_and_loaded_once(install, capsys):
    """The palette may be asked a hundred times (F06)."""
    install("plug_one", GOOD.format(name="One"))
    mine = Registry()

    for _ in range(100):
        mine.discover()

    assert mine.discoveries == 1
    assert {"One", "One_function"} <= set(mine.snapshot().classes)
    assert mine.snapshot().specs["One"].origin.place == "plug_one"
    assert capsys.readouterr().out.count("loading") == 1


def test_an_unknown_name_looks_for_plug_ins_first(install):
    install("plug_one", GOOD.format(name="One"))
    mine = Registry()

    assert mine.get("One").spec.type == "One"
    with pytest.raises(UnknownName):
        mine.get("Two")
    assert mine.discoveries == 1


def test_a_plug_in_that_is_imported_already_is_found_too(install):
    install("plug_one", GOOD.format(name="One"))
    with use_registry(Registry()):
        __import__("plug_one")

    assert "One" in Registry().discover().classes


def test_an_entry_point_may_name_one_class(install):
    install("plug_one", GOOD.format(name="One"), target="plug_one:One")

    assert "One" in Registry().discover().classes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "import no_such_module_at_all",
            "ModuleNotFoundError: No module named 'no_such_module_at_all'",
        ),
        ("1/0", "ZeroDivisionError"),
        ("x = 1", "It defines no node type."),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_broken_plug_in_does_not_stop_the_others_and_is_visible(install, text, told):
    install("plug_good", GOOD.format(name="Good"))
    install("plug_bad", text)
    mine = Registry()

    snapshot = mine.discover()

    assert "Good" in snapshot.classes
    assert "plug_bad" not in snapshot.classes
    spec = snapshot.specs["plug_bad"]
    assert told in spec.unavailable
    assert spec.category == "Unavailable"
    assert mine.search("plug_bad") == (spec,)
    assert snapshot.broken[0].place == "plug_bad"
    with pytest.raises(DefinitionError) as caught:
        mine.get("plug_bad")
    assert caught.value.code == "node.unavailable"
    assert told in str(caught.value)


def test_two_plug_ins_with_one_name_do_not_break_each_other(install):
    install("plug_a", GOOD.format(name="Same"))
    install("plug_b", GOOD.format(name="Same"))

    snapshot = Registry().discover()

    assert snapshot.specs["Same"].origin.place in {"plug_a", "plug_b"}
    assert "already defined by" in snapshot.broken[0].reason


def test_a_plug_in_whose_name_is_no_identifier_is_listed_as_broken(install):
    install("plug_bad", "1/0", entry="plug-bad.nodes")

    snapshot = Registry().discover()

    assert snapshot.broken[0].name == "plug-bad.nodes"
    assert "plug-bad.nodes" not in snapshot.specs


def test_a_class_of_the_user_takes_the_place_of_a_broken_plug_in(install):
    install("plug_bad", "1/0")
    mine = Registry()
    mine.discover()
    with use_registry(mine):
        module = __import__("types").ModuleType("here")
        exec(GOOD.format(name="plug_bad"), module.__dict__)

    assert mine.get("plug_bad").spec.revision == 1
