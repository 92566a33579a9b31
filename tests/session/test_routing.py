"""A session sends each run to a backend, records why, and explains it beforehand."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from dagy_nb.abc import Backend, Capabilities
from dagy_nb.backends.kernel import KernelBackend
from dagy_nb.backends.registry import Backends
from dagy_nb.errors import BackendError, SettingError, UnknownName
from dagy_nb.session.current import make_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings, read_settings
from dagy_nb.store.memory import MemoryStore
from tests.flows import chain


class Elsewhere(KernelBackend):
    """A plug-in's backend: the kernel under another name, for short runs only."""

    name = "elsewhere"
    capabilities = Capabilities(max_seconds=100, max_memory_mb=1_000)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def plugins():
    place = f"{__name__}:Elsewhere"
    yield EntryPoint("elsewhere", place, "dagy_nb.backends")
    yield EntryPoint("absent", "no_such_module_here:Backend", "dagy_nb.backends")
    yield EntryPoint("wrong", "builtins:str", "dagy_nb.backends")


class Loaded(EntryPoint):
    def load(self):
        return Elsewhere if self.name == "elsewhere" else super().load()


def find_plugins():
    return [Loaded(each.name, each.value, each.group) for each in plugins()]


@pytest.fixture
def make(tmp_path):
    made: list[Session] = []

    def make(rules=None, file=None, **settings):
        base = make_session(
            Settings(home=tmp_path / ".dagy", rules=file, **settings), store=MemoryStore()
        )
        backends = Backends([KernelBackend()], base.settings, find_plugins=find_plugins)
        session = Session(
            settings=base.settings,
            store=base.store,
            registry=base.registry,
            runners=base.runners,
            clock=base.clock,
            backends=backends,
            rules=rules,
        )
        made.append(session)
        return session

    yield make
    for each in made:
        each.close()


def test_backend_and_reason_stand_on_the_run(make):
    session = make()
    handle = chain(session).run(backend="elsewhere")
    handle.wait()

    record = session.store.run(handle.id)
    assert (record.backend, record.backend_reason) == ("elsewhere", "The call asks for it.")
    assert handle.record.backend == "elsewhere"


def test_without_any_word_a_run_stays_in_the_kernel(make):
    run = chain(make()).run().wait()

    assert run.record.backend == "kernel"
    assert run.record.backend_reason == "Nothing else names one: the default (default)."


def test_the_flow_names_its_backend_in_code_and_in_text(make):
    session = make()
    flow = chain(session)
    flow.use_backend("elsewhere")
    again = Flow.from_yaml(flow.to_yaml(), session=session)

    assert again.spec.backend == "elsewhere"
    assert again.run().wait().record.backend_reason == "The flow asks for it."
    assert flow.undo()
    assert flow.spec.backend is None
    assert Flow("other", backend="elsewhere", session=session).spec.backend == "elsewhere"


def test_an_unknown_backend_is_refused_before_anything_is_recorded(make):
    session = make()
    flow = chain(session)

    for ask in (lambda: flow.run(backend="elsewere"), lambda: flow.use_backend("elsewere")):
        with pytest.raises(UnknownName) as caught:
            ask()
        assert caught.value.code == "unknown.backend"
        assert "elsewhere" in caught.value.suggestion
    assert not session.store.runs().runs


def test_rules_route_by_what_is_known_of_the_flow(make):
    session = make(rules=[{"name": "big", "when": {"nodes": {"gt": 3}}, "backend": "elsewhere"}])

    assert chain(session, 3).run().wait().record.backend == "kernel"
    assert chain(session, 4).run().wait().record.backend_reason == "Rule big: nodes 4 is > 3."


def test_rules_are_read_from_the_file_that_a_setting_names_and_read_anew(make, tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("- {backend: elsewhere, name: all}")
    flow = chain(make(file=path))

    assert flow.explain_backend().backend == "elsewhere"
    path.write_text("- {backend: kernel, name: everything}")
    assert flow.explain_backend().reason == "Rule everything: it asks nothing."
    path.write_text("nonsense")
    with pytest.raises(SettingError):
        flow.run()


def test_a_recorded_duration_is_known_the_next_time(make):
    session = make(
        rules=[{"name": "quick", "when": {"seconds": {"le": 60}}, "backend": "elsewhere"}]
    )
    flow = chain(session)

    assert "no completed run is recorded" in repr(flow.explain_backend())
    assert flow.run().wait().record.backend == "kernel"
    assert "its last completed run" in repr(flow.explain_backend())
    assert flow.run().wait().record.backend == "elsewhere"


def test_a_limit_stands_in_for_a_duration_and_is_checked_against_the_backend(make):
    session = make()
    flow = chain(session)
    flow.describe(timeout=1000)

    with pytest.raises(BackendError) as caught:
        flow.run(backend="elsewhere")

    assert caught.value.code == "backend.unfit"
    assert "1,000" in caught.value.reason
    flow.describe(timeout=100)
    assert flow.run(backend="elsewhere").wait().record.backend == "elsewhere"


def test_the_largest_memory_limit_counts(make):
    session = make()
    flow = chain(session)
    flow.configure("n1", memory_mb=2_000)

    found = flow.explain_backend("elsewhere")

    assert [each.name for each in found.checks if not each.ok] == ["max_memory_mb", "hard_limits"]
    assert found.estimate.memory_mb.source == "the limit of n1"


def test_settings_name_the_default_and_the_deployments_choice(make, tmp_path):
    settings = read_settings(
        {"DAGY_HOME": str(tmp_path), "DAGY_BACKEND": "elsewhere", "DAGY_RULES": str(tmp_path / "r")}
    )
    assert (settings.backend, settings.rules) == ("elsewhere", tmp_path / "r")
    assert settings.sources["backend"] == "DAGY_BACKEND"

    flow = chain(make(backend="elsewhere"))
    assert flow.explain_backend().backend == "elsewhere"
    flow = chain(make(deployment_backend="elsewhere"))
    flow.use_backend("kernel")
    assert flow.run().wait().record.backend_reason == "The deployment asks for it."


@pytest.mark.parametrize(
    ("name", "words"), [("absent", "No module named"), ("wrong", "gives no backend")]
)
def test_a_plug_in_that_cannot_be_loaded_is_refused_with_its_reason(make, name, words, caplog):
    session = make()

    with pytest.raises(BackendError) as caught:
        chain(session).run(backend=name)

    assert caught.value.code == "backend.unavailable"
    assert words in caught.value.suggestion
    assert isinstance(session.routing.backends.get(name), Backend)


def test_an_explanation_raises_for_nothing_but_shows_it(make):
    told = chain(make()).explain_backend("nowhere")

    assert not told.ok
    assert "There is no backend 'nowhere'" in repr(told)


def test_an_explanation_looks_into_sub_flows_as_a_run_does(make):
    rules = [{"name": "heavy", "when": {"memory_mb": {"gt": 500}}, "backend": "kernel"}]
    session = make(rules=rules, backend="elsewhere")
    inner = chain(session)
    inner.configure("n1", memory_mb=900)
    flow = Flow("outer", session=session, parameters={"rows": 4})
    flow.add(inner.as_node("Inner"), id="sub")
    run = flow.run().wait(check=False)

    told = flow.explain_backend()

    assert run.record.backend == told.backend == "kernel"
    assert run.record.backend_reason == told.reason == "Rule heavy: memory_mb 900 is > 500."


@pytest.mark.parametrize(
    "options", [{}, {"timeout": 5.0}, {"timeout": 500.0}, {"runner": "process"}, {"reuse": True}]
)
def test_an_explanation_of_a_call_says_what_the_call_does(make, options):
    rules = [
        {"name": "quick", "when": {"seconds": {"le": 10}}, "backend": "elsewhere"},
        {"name": "slow", "when": {"seconds": {"gt": 10}}, "backend": "kernel"},
    ]
    flow = chain(make(rules=rules, backend="elsewhere"))

    told = flow.explain_backend(**options)

    if told.problem is not None:
        with pytest.raises(BackendError) as caught:
            flow.run(**options)
        assert str(caught.value) == str(told.problem)
    else:
        record = flow.run(**options).wait().record
        assert (record.backend, record.backend_reason) == (told.backend, told.reason)


def test_an_explanation_of_a_flow_whose_parameters_are_not_known_yet_says_what_it_can(make):
    session = make()
    flow = Flow("open", session=session, parameters={"value": {"type": "integer"}})
    flow.add("number", id="top", value=flow.param("value"))

    assert flow.explain_backend().estimate.nodes.value == 1


def test_a_backend_that_cannot_let_go_keeps_no_other_from_it(tmp_path, caplog):
    closed = []

    class Stuck(KernelBackend):
        name = "stuck"

        def close(self):
            raise OSError("stuck")

    class Last(KernelBackend):
        name = "last"

        def close(self):
            closed.append(self.name)

    Backends([Stuck(), Last()], Settings(home=tmp_path)).close()

    assert closed == ["last"]
    assert "stuck" in caplog.text
