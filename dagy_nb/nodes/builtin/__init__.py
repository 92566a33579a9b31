"""Nothing in, the node types that come with dagy_nb out."""

from __future__ import annotations

from dagy_nb.nodes.builtin.branch import Branch, Merge
from dagy_nb.nodes.builtin.catch import Catch
from dagy_nb.nodes.builtin.convert import Convert
from dagy_nb.nodes.builtin.map import Map
from dagy_nb.nodes.builtin.wait import Wait

BUILTINS = (Branch, Merge, Map, Wait, Catch, Convert)
"""Every built-in node type, in the order of the palette."""
