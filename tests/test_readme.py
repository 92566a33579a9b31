"""README keeps its word: two set-up commands, code that parses, pictures and pages that exist."""

from __future__ import annotations

import ast
import os
import re

import pytest

from tests.source import ROOT, name_of

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md"))]
LOCAL = re.compile(r"(?:\]\(|src=\"|srcset=\")(?!https?:|#|mailto:)([^)\"#]+)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def list_commands() -> list[str]:
    return re.findall(r"^python -m pip install .*$", README, re.MULTILINE)


def test_readme_has_two_set_up_commands():
    """`.ci/run` runs them as they stand here."""
    assert list_commands() == [
        'python -m pip install ".[demo]" && dagy-nb demo',
        'python -m pip install -e ".[test]" && python -m pytest',
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(page):
    missing = [
        target
        for target in LOCAL.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert missing == []


@pytest.mark.parametrize(
    "block", [text for language, text in BLOCK.findall(README) if language == "python"]
)
def test_python_in_readme_parses(block):
    lines = [line for line in block.splitlines() if not line.startswith("%")]
    if not block.startswith("%%runsql"):
        ast.parse("\n".join(lines))


def test_public_names_in_readme_are_public():
    import dagy_nb

    imported = re.findall(r"^from dagy_nb import (.*)$", README, re.MULTILINE)

    assert imported
    assert {name.strip() for line in imported for name in line.split(",")} <= set(dagy_nb.__all__)


@pytest.mark.parametrize("script", [".ci/run", "binder/postBuild"])
def test_scripts_can_be_executed(script):
    assert os.access(ROOT / script, os.X_OK)


def test_readme_stays_readable():
    assert len(README.splitlines()) < 200
