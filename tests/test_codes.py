"""Error codes: one for each kind of error, documented, and of one form."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from dagy_nb import errors
from dagy_nb.errors import DagyError
from tests.source import list_modules, name_of, parse, show

FORM = re.compile(r"[a-z]+(_[a-z]+)*([.][a-z0-9]+(_[a-z0-9]+)*)+")
DOCUMENTED = re.compile(r"[├└]── (\w+) .*?((?:[a-z_]+[.][a-z_*]+(?:, )?)+)$", re.MULTILINE)


def list_errors(root: type[DagyError] = DagyError) -> Iterator[type[DagyError]]:
    for each in root.__subclasses__():
        if each.__module__ == "dagy_nb.errors":
            yield each
            yield from list_errors(each)


def read_documented_codes() -> dict[str, str]:
    return dict(DOCUMENTED.findall(errors.__doc__ or ""))


def fits(code: str, documented: str) -> bool:
    """Whether a code is one of those documented, such as `node.*, capture.refused`."""
    return any(
        code == each or (each.endswith(".*") and code.startswith(each[:-1]))
        for each in documented.split(", ")
    )


def list_codes() -> Iterator[tuple[str, int, str, str]]:
    """File, line, what is called and the code, for each `code="…"` that the package writes."""
    for path in list_modules():
        for call in ast.walk(parse(path)):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                for keyword in call.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield name_of(path), call.lineno, call.func.id, str(keyword.value.value)


def test_every_error_has_a_code_of_its_own():
    counts = Counter(each.default_code for each in [DagyError, *list_errors()])

    assert {code for code, count in counts.items() if count > 1} == set()


def test_every_error_is_documented_with_the_family_of_its_codes():
    documented = read_documented_codes()

    for each in list_errors():
        assert each.__name__ in documented, (
            f"{each.__name__} is not in the tree of errors.py's docstring"
        )
        assert fits(each.default_code, documented[each.__name__]), each.__name__


def test_no_error_is_documented_that_does_not_exist():
    assert set(read_documented_codes()) == {each.__name__ for each in list_errors()}


def test_codes_have_one_form():
    problems = [
        f"{file}:{line} {code}"
        for file, line, _, code in list_codes()
        if code and not FORM.fullmatch(code)
    ]

    assert not problems, show(problems)


def test_errors_are_raised_with_codes_of_a_documented_family():
    names = {each.__name__ for each in list_errors()}
    families = ", ".join(read_documented_codes().values())
    problems = [
        f"{file}:{line} {name} {code}"
        for file, line, name, code in list_codes()
        if name in names and not fits(code, families)
    ]

    assert not problems, show(problems)


def test_what_to_do_next_stands_below_a_reason_of_several_lines():
    one = DagyError("It is wrong.", code="flow.wrong", suggestion="Mend it.")
    many = DagyError("It is wrong:\n  here\n", code="flow.wrong", suggestion="Mend it.")

    assert str(one) == "It is wrong. Mend it. [flow.wrong]"
    assert str(many) == "It is wrong:\n  here\nMend it. [flow.wrong]"
    assert str(DagyError("Wrong.", code="flow.wrong")) == "Wrong. [flow.wrong]"
    # What a library said ends without a full stop.
    told = DagyError("Wrong: no 'lock' object", code="flow.wrong", suggestion="Mend it.")
    assert str(told) == "Wrong: no 'lock' object. Mend it. [flow.wrong]"
