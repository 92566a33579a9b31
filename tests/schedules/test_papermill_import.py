"""papermill comes in late and light, and nothing else notices."""

from __future__ import annotations

import subprocess
import sys


def run_python(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_room_can_be_imported_without_papermill():
    loaded = run_python(
        "import sys, dagy_nb.schedules.notebook;"
        "print({'papermill', 'nbformat', 'nbclient', 'jupyter_client'} & set(sys.modules))"
    )

    assert loaded == "set()"


def test_papermill_comes_without_the_grammars_and_with_our_engine():
    loaded = run_python(
        "import sys\n"
        "from dagy_nb.schedules.papermill_import import import_papermill, import_nbformat\n"
        "import_nbformat(); papermill = import_papermill()\n"
        "from papermill.engines import papermill_engines\n"
        "print(papermill_engines.get_engine('dagy').__module__, 'rfc3987_syntax' in sys.modules)"
    )

    assert loaded == "dagy_nb.schedules.engine False"


def test_checks_of_iris_still_work_and_load_the_grammars_when_asked():
    """What was put off is done where somebody needs it, with the same answers."""
    script = (
        "import sys\n"
        "{first}\n"
        "import jsonschema\n"
        "check = jsonschema.FormatChecker()\n"
        "print([check.conforms(each, kind) for kind in ('iri', 'iri-reference')"
        " for each in ('http://é.example/ü', 'no iri: <>', 'a/b', '')])"
    )
    light = "from dagy_nb.schedules.papermill_import import import_papermill; import_papermill()"

    assert run_python(script.format(first=light)) == run_python(script.format(first="pass"))


def test_a_jsonschema_that_is_there_already_is_left_alone():
    loaded = run_python(
        "import sys, jsonschema\n"
        "before = 'rfc3987_syntax' in sys.modules\n"
        "from dagy_nb.schedules.papermill_import import import_papermill; import_papermill()\n"
        "print(before == ('rfc3987_syntax' in sys.modules))"
    )

    assert loaded == "True"
