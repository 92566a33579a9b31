"""A parser's complaint in, an error in words a user can act on out."""

from __future__ import annotations

from typing import Any

from dagy_nb.errors import FlowTextError

_ADVICE = {
    "mapping values are not allowed here": "Quote a text that holds `: `, and indent entries equally.",
    "could not find expected ':'": "Put `: ` (a colon and a space) between key and value.",
    "expected <block end>": "Indent all entries of one mapping or list equally.",
    "did not find expected": "Close every bracket, and put commas between entries.",
    "expected ',' or": "Close every bracket, and put commas between entries.",
    "expected the node content": "A value is missing here, or a bracket is not closed.",
    "found unexpected end of stream": "Close the quotes.",
    "found undefined tag handle": "Remove the tag; quote what is meant as text.",
    "found unknown escape character": "Write a backslash as `\\\\` in double quotes, or use single quotes.",
    "found character '%'": "Quote a text that begins with %.",
    "found character '@'": "Quote a text that begins with @.",
    "found character '`'": "Quote a text that begins with a backtick.",
}


def locate(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def describe_syntax(text: str, error: Any) -> FlowTextError:
    """Return the coded error for what the parser says."""
    mark = error.problem_mark or error.context_mark
    offset = min(mark.index, len(text)) if mark else 0
    tab = _find_tab(text, offset)
    line, column = locate(text, offset if tab is None else tab)
    if tab is not None:
        return FlowTextError(
            "A tab stands where YAML wants spaces.",
            code="text.tab",
            suggestion="Indent with spaces.",
            line=line,
            column=column,
        )
    problem = str(error.problem or error.context or "it cannot be read").strip()
    return FlowTextError(
        f"This is no YAML: {problem.splitlines()[0]}.",
        code="text.syntax",
        suggestion=_advise(problem),
        line=line,
        column=column,
    )


def _advise(problem: str) -> str:
    found = (advice for start, advice in _ADVICE.items() if start in problem)
    return next(found, "Look at this line and the one before.")


def _find_tab(text: str, offset: int) -> int | None:
    """Return the offset of a tab in the indentation of the line in question or the one before."""
    begin = text.rfind("\n", 0, offset) + 1
    before = text.rfind("\n", 0, max(0, begin - 1)) + 1
    for start in (begin, before):
        line = text[start:].split("\n", 1)[0]
        blank = line[: len(line) - len(line.lstrip())]
        if "\t" in blank:
            return start + blank.index("\t")
    return offset if text[offset : offset + 1] == "\t" else None
