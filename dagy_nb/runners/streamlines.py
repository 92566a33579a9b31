"""Bytes of one stream of a worker in, lines for the node's log out; a flood costs little."""

from __future__ import annotations

import codecs
import time

from dagy_nb.engine.output import LAST, NodeOutput

MOST_LINES = 500
"""Lines of one piece that are looked at, beside its last ones; the others are only counted."""
FLOOD_PAUSE = 0.002
"""Seconds to leave a flooding stream alone after each piece, so that this process has time for others."""


class StreamLines:
    """Turns pieces of bytes into lines, whatever encoding they are in."""

    def __init__(self, level: str, output: NodeOutput) -> None:
        self._level = level
        self._output = output
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def take(self, piece: bytes) -> None:
        """Take a piece; complete lines go on."""
        lines = piece.split(b"\n", MOST_LINES)
        if len(lines) <= MOST_LINES:
            self._output.write(self._level, self._decoder.decode(piece))
            return
        rest = lines.pop()
        kept = b"\n".join(lines) + b"\n"
        self._output.write(self._level, self._decoder.decode(kept))
        last = rest.rsplit(b"\n", LAST)
        if len(last) > LAST:
            self._output.skip(last.pop(0).count(b"\n") + 1)
        self._output.write(self._level, self._decoder.decode(b"\n".join(last)))
        time.sleep(FLOOD_PAUSE)

    def close(self) -> None:
        """Pass on what waits for the rest of a character."""
        rest = self._decoder.decode(b"", final=True)
        if rest:
            self._output.write(self._level, rest)
