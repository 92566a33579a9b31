"""The build hook: what it runs, when it runs nothing, and what it says when it cannot."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from tests.source import ROOT

NPM = """#!/bin/sh
echo "$@" >> "{calls}"
case "$1" in
  ci) mkdir -p node_modules ;;
  run) {build} ;;
esac
"""
BUILDS = (
    "mkdir -p ../dagy_nb/static && touch ../dagy_nb/static/widget.js ../dagy_nb/static/widget.css"
)


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "hatch_build", ROOT / "labextension" / "hatch_build.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Checkout:
    """A small checkout, and a folder of programs as the only PATH."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.programs = folder / "programs"
        self.calls = folder / "calls"
        (self.root / "labextension").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("mkdir", "touch"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.lock("{}")

    def lock(self, text: str) -> None:
        (self.root / "labextension" / "package-lock.json").write_text(text)

    def install_node(self, version: str = "v20.19.0", build: str = BUILDS) -> None:
        self._write("node", f"#!/bin/sh\necho {version}\n")
        self._write("npm", NPM.format(calls=self.calls, build=build))

    def _write(self, name: str, text: str) -> None:
        program = self.programs / name
        program.write_text(text)
        program.chmod(0o755)

    def read_calls(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


class Screen:
    """Where hatchling shows a warning."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Checkout:
    made = Checkout(tmp_path)
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.delenv("DAGY_SKIP_JS", raising=False)
    return made


def build(hook: ModuleType, checkout: Checkout, version: str = "standard") -> Screen:
    screen = Screen()
    made = hook.FrontEndHook(str(checkout.root), {}, None, None, "", "wheel", screen)
    made.initialize(version, {})
    return screen


def test_a_release_installs_the_locked_packages_and_builds_small(hook, checkout):
    checkout.install_node()

    build(hook, checkout)

    assert checkout.read_calls() == ["ci --no-audit --no-fund", "run build:prod"]


def test_an_editable_install_builds_for_debugging(hook, checkout):
    checkout.install_node()

    build(hook, checkout, "editable")

    assert checkout.read_calls()[-1] == "run build"


def test_packages_are_installed_again_only_when_the_lock_file_changed(hook, checkout):
    checkout.install_node()

    build(hook, checkout)
    build(hook, checkout)
    checkout.lock('{"changed": true}')
    build(hook, checkout)

    installs = [call for call in checkout.read_calls() if call.startswith("ci")]
    assert len(installs) == 2
    assert len(checkout.read_calls()) == 5


def test_without_node_the_error_says_what_to_do(hook, checkout):
    with pytest.raises(hook.FrontEndError, match=r"needs Node.js.*20\.19.*DAGY_SKIP_JS=1"):
        build(hook, checkout)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3"])
def test_an_old_node_is_refused_with_its_version(hook, checkout, version):
    checkout.install_node(version)

    with pytest.raises(hook.FrontEndError, match=f"20.19 or newer.*{version}"):
        build(hook, checkout)
    assert checkout.read_calls() == []


@pytest.mark.parametrize("version", ["v20.19.0", "v22.1.0", "v24.0.0-nightly"])
def test_a_new_node_is_taken(hook, checkout, version):
    checkout.install_node(version)

    build(hook, checkout)

    assert checkout.read_calls()


def test_a_failing_build_fails_the_install(hook, checkout):
    checkout.install_node(build="exit 3")

    with pytest.raises(hook.FrontEndError, match=r"npm run build:prod.*exit code 3"):
        build(hook, checkout)


def test_a_build_that_makes_nothing_fails_the_install(hook, checkout):
    checkout.install_node(build="true")

    with pytest.raises(hook.FrontEndError, match=r"widget\.js.*did not come"):
        build(hook, checkout)


def test_an_unpacked_sdist_is_not_built_again(hook, checkout):
    checkout.install_node()
    build(hook, checkout)
    (checkout.root / "PKG-INFO").touch()
    calls = checkout.read_calls()

    build(hook, checkout)

    assert checkout.read_calls() == calls


def test_skipping_runs_nothing_and_says_what_is_missing(hook, checkout, monkeypatch):
    monkeypatch.setenv("DAGY_SKIP_JS", "1")

    screen = build(hook, checkout)

    assert checkout.read_calls() == []
    assert "widget.js" in screen.warnings[0]
