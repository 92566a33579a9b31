"""Which names a text takes from outside."""

from __future__ import annotations

import ast
import sys
import textwrap

import pytest

from dagy_nb.nodes.names import find_names


def names_of(text: str):
    return find_names(ast.parse(textwrap.dedent(text)))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("def f(x): return x + a", "a"),
        ("def f(x):\n    y = x\n    return y", ""),
        ("def f(x=a): pass", "a"),
        ("@a\ndef f(): pass", "a"),
        ("class A(b, metaclass=c): pass", "b c"),
        ("class A:\n    x = 1\n    def f(self): return x", "x"),
        ("[x for x in a if x > b]", "a b"),
        ("{k: v for k, v in a.items()}", "a"),
        ("f = lambda x: x + a", "a"),
        ("import a\na.b", ""),
        ("from a import b as c\nc", ""),
        ("x = a.b.c", "a"),
        ("x: int = a", "a"),
        ("def f():\n    global a\n    a = 1\n    return a", ""),
        ("def f():\n    def g(): return x\n    x = 1\n    return g", ""),
        ("def f():\n    x: int\n    return x", ""),
        ("x = x + 1", "x"),
        ("x += 1", "x"),
        ("x = 1\nx = x + 1", ""),
        ("print(x)\nx = 1", "print x"),
        ("def f(): return x\nx = 1", ""),
        ("for x in xs:\n    y = x", "xs"),
        ("for x in x: pass", "x"),
        ("try:\n    import a\nexcept ImportError as e:\n    a = e", "ImportError"),
        ("with a as b:\n    b", "a"),
        ("match a:\n    case {'k': v, **rest}: v, rest\n    case [x, *y]: x, y\n    case b.C() as z: z", "a b"),
        ("if (y := a): y", "a"),
        ("[y := x for x in a]\ny", "a"),
        ("def f():\n    try: pass\n    except E as e: e", "E"),
        ("async def f():\n    async for x in a: await b(x)", "a b"),
        ("class A:\n    def f(self): return __class__, super()", "super"),
        ("__name__, __file__, __doc__", ""),
        ("x = f'{a!r:{b}}'", "a b"),
        ("del a", ""),
        ("L = [n for n in a]\ndef f(): return n", "a n"),
        ("L = {n: m for n, m in a}\ndef f(): return n, m", "a m n"),
        ("L = {n for n in a if (w := n)}\ndef f(): return n, w", "a n"),
        ("class A:\n    L = [n for n in a]\n    def f(self): return n", "a n"),
        ("def f():\n    L = [n for n in a]\n    return n", "a n"),
        ("nonlocal_ = 1\ndef f():\n    n = 1\n    def g():\n        nonlocal n\n        n = 2", ""),
    ],
)  # fmt: skip
def test_names_from_outside_are_found(text, needed):
    assert sorted(names_of(text).needed) == sorted(needed.split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f(x: a) -> b: pass", "a b"),
        ("def f(x: 'a.b[c]') -> 'list[d]': pass", "a c d list"),
        ("class A:\n    x: a = 1\n    y: b", "a b"),
        ("x: a = 1", "a"),
        ("def f(*args: a, **kw: b): pass", "a b"),
        ("def f(x: 'no code at all'): pass", ""),
        ("async def f() -> a: pass", "a"),
        ("def f(x: a): return a", ""),
        ("class A:\n    x = x", "x"),
        ("from m import *\nx = a", "a"),
    ],
)
def test_names_that_may_be_missing_are_found(text, wanted):
    assert sorted(names_of(text).wanted) == sorted(wanted.split())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has these from 3.12 on.")
@pytest.mark.parametrize(
    ("text", "needed", "wanted"),
    [
        ("def f[T](x: T) -> list[T]: return x", "", "list"),
        ("def f[T: a](x: T): return T, U", "a U", ""),
        ("def f[*A, **P](g: b[P], *args: *A): return a", "a", "b"),
        ("class C[T](a[T]):\n    x: T\n    def f[S](self, y: S) -> T: return b", "a b", ""),
        ("type A = list[b]\nx = A", "b list", ""),
        ("type A[T] = dict[T, b]\ndef f(x: A[c]): pass", "b dict", "c"),
        ("type A = B\ntype B = int", "int", ""),
        ("x = f'{a!r:{f'{b}'}} {', '.join([c for c in d])}'", "a b d", ""),
    ],
)
def test_names_in_new_syntax_are_found(text, needed, wanted):
    found = names_of(text)

    assert (sorted(found.needed), sorted(found.wanted)) == (
        sorted(needed.split()),
        sorted(wanted.split()),
    )


def test_a_star_import_makes_every_name_a_maybe():
    names = names_of("from m import *\ndef f(): return a")

    assert names.has_star_import
    assert names.needed == ()


def test_names_read_at_once_are_told_from_those_read_later():
    names = names_of("""
        @now
        def f(x=also_now):
            return later
        class A(base):
            field = in_body
            def m(self): return later_too
    """)

    assert names.immediate == {"now", "also_now", "base", "in_body"}
    assert {"later", "later_too"} <= set(names.needed)


def test_first_uses_have_their_lines():
    names = names_of("x = 1\ndef f():\n    return b + a\nb")

    assert names.lines["b"] == 3
    assert names.needed == ("a", "b")


def test_names_bound_at_the_top_are_listed():
    names = names_of("import a.b, c as d\nclass E: pass\ndef f(): pass\ng = h = 1\n(i, j) = k")

    assert names.bound == {"a", "d", "E", "f", "g", "h", "i", "j"}


def test_the_tree_is_left_as_it_is():
    tree = ast.parse("def f(x: a) -> b: pass")
    before = ast.dump(tree)

    find_names(tree)

    assert ast.dump(tree) == before
