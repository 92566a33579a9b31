"""The seven victims as cells of a notebook: nodes that do not end by themselves, each in its own bad way.

Each writes the ids of its processes to a file in its folder. `seconds` bounds those that could freeze a whole
kernel, for runners that cannot end them.
"""

from __future__ import annotations

ENDLESS = 600.0

VICTIMS = {
    "busy": "a loop of Python",
    "asleep": "`time.sleep`",
    "regex": "a regular expression that holds the GIL",
    "summing": "`sum(range(…))`, one C call that holds the GIL",
    "stubborn": "swallows every exception, `KeyboardInterrupt` too",
    "parent": "has grandchildren: one in a session of its own, one orphaned",
    "deaf": "ignores SIGTERM, so does its child",
    "flooding": "floods stdout, from Python and from C",
}

_NOTE = """
import os, subprocess, sys, time

def note(folder, name, *pids):
    with open(os.path.join(folder, name + ".tmp"), "w") as file:
        file.write(" ".join(map(str, (os.getpid(), *pids))))
    os.rename(os.path.join(folder, name + ".tmp"), os.path.join(folder, name))
"""

_BODIES = {
    "busy": """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        pass
""",
    "asleep": """
    time.sleep(seconds)
""",
    "regex": """
    import re
    re.match(r"(a+)+$", "a" * (60 if seconds > 60 else 25) + "b")
""",
    "summing": """
    sum(range(10**12 if seconds > 60 else 10**8))
""",
    "stubborn": """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
""",
    "parent": """
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    own = subprocess.Popen(sleeper)
    apart = subprocess.Popen(sleeper, start_new_session=True)
    middle = (
        "import subprocess as s, sys; "
        "print(s.Popen(sys.argv[1:], start_new_session=True, stdout=s.DEVNULL, stderr=s.DEVNULL).pid)"
    )
    orphan = subprocess.run([sys.executable, "-c", middle, *sleeper], capture_output=True, text=True).stdout
    note(folder, "parent", own.pid, apart.pid, int(orphan))
    time.sleep(seconds)
""",
    "deaf": """
    import ctypes
    ctypes.CDLL(None).signal(15, ctypes.c_void_p(1))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    note(folder, "deaf", child.pid)
    time.sleep(seconds)
""",
    "flooding": """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        print("x" * 99)
        os.write(1, b"y" * 99 + b"\\n")
""",
}

SIBLING = "import time\ndef sibling(seconds: float = 0.0) -> int:\n    time.sleep(seconds)\n    return 42\n"


def cell_of(name: str) -> str:
    """Return the cell of a victim."""
    body = _BODIES[name]
    noted = "" if "note(" in body else f'    note(folder, "{name}")\n'
    return (
        f"%%flownode{_NOTE}\n"
        f'def {name}(folder: str = "", seconds: float = {ENDLESS}) -> int:\n{noted}{body.lstrip(chr(10))}'
        "    return 1\n"
    )


def list_cells(names: list[str]) -> list[str]:
    """Return the cells of victims and of the sibling."""
    return [*(cell_of(name) for name in names), f"%%flownode\n{SIBLING}"]
