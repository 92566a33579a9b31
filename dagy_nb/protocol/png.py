"""A flow's picture in, the same as PNG bytes out, where resvg-py is installed.

GitHub and PDF show PNG most safely. Without resvg-py, or without any font, there is no PNG.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from dagy_nb.protocol.picture import FlowPicture, RunPicture
from dagy_nb.protocol.svg import to_svg

SCALE = 2.0
# A notebook shows about 1,000 pixels; more only makes its file bigger.
MAX_WIDTH = 2_000
MAX_HEIGHT = 3_000
# Below this nothing can be read; the SVG can be enlarged instead.
MIN_SCALE = 0.15


def to_png(flow: FlowPicture, run: RunPicture | None = None) -> bytes | None:
    """Return the picture as PNG, in light colours, or None where it cannot be drawn or read."""
    try:
        import resvg_py
    except ImportError:
        return None
    svg = to_svg(flow, run, theme="light")
    width, height = _read_size(svg)
    scale = min(SCALE, MAX_WIDTH / width, MAX_HEIGHT / height)
    if scale < MIN_SCALE:
        return None
    fonts = _find_fonts()
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=scale,
            font_dirs=[str(each) for each in fonts] or None,
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    except ValueError:
        return None
    return bytes(drawn)


def _read_size(svg: str) -> tuple[float, float]:
    box = svg.partition('viewBox="')[2].partition('"')[0].split()
    return float(box[2]), float(box[3])


def _find_fonts() -> list[Path]:
    """Return folders with the DejaVu fonts that other packages bring, for machines without fonts."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [folder] if folder.is_dir() else []
