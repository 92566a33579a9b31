"""A flow's name or its text in, what is known of it out: `flows`, `versions`, `export`, `check`."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.errors import ConfigError, DagyError, FlowError, UsageError
from dagy_nb.model.diagnostic import Severity
from dagy_nb.model.flow import FlowSpec
from dagy_nb.model.spec import NodeSpec
from dagy_nb.protocol.tables import Table, list_diagnostics, list_versions

FlowName = Annotated[str, typer.Argument(metavar="FLOW", help="A flow's name.")]
FlowFile = Annotated[Path, typer.Argument(metavar="FILE", help="A flow's text (YAML).")]
Modules = Annotated[
    list[str] | None,
    typer.Option("--import", metavar="MODULE", help="Import a module that defines node types."),
]


def flows() -> Answer:
    """List recorded flows with their newest version."""
    from dagy_nb.session.current import current_session

    versions = current_session().store.flow_versions()
    return Answer(data={"flows": versions}, tables=(list_versions(versions),))


def versions(flow: FlowName) -> Answer:
    """List the versions of a flow, newest first."""
    from dagy_nb.session.current import current_session

    store = current_session().store
    # Asking for the newest one refuses a name that nobody recorded.
    found = store.flow_versions(store.flow_version(flow).flow)
    return Answer(data={"versions": found}, tables=(list_versions(found),))


def export(
    flow: FlowName,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Which one.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a file.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file.")] = False,
) -> Answer:
    """Print a recorded flow as text, or write it to a file."""
    from dagy_nb.flowfile.files import save_flow_file
    from dagy_nb.flowfile.write import write_flow
    from dagy_nb.session.current import current_session

    found = current_session().store.flow_version(flow, version)
    text = write_flow(found.spec)
    data = {"flow": flow, "version": found.version, "text": text}
    if output is None:
        return Answer(data=data, text=text)
    if output.exists() and not overwrite:
        raise UsageError(
            f"{output} is already there.",
            code="usage.file_exists",
            suggestion="Add --overwrite to replace it.",
        )
    save_flow_file(output, found.spec)
    note = f"Wrote version {found.version} of {flow} to {output}."
    return Answer(data=data, tables=(Table(columns=(), note=note),))


def check(file: FlowFile, modules: Modules = None) -> Answer:
    """Check a flow's text: syntax, node types, config, connections.

    Node types come from installed plug-ins, from modules named by --import, and, for those that a
    notebook defined, from what was recorded when they last ran. Nothing of the text is executed.
    """
    from dagy_nb.checks.flow import check_flow
    from dagy_nb.flowfile.files import load_flow_file

    import_modules(modules or [])
    spec = load_flow_file(file)
    found = check_flow(spec, _known_specs(spec), check_config=_find_config_problems)
    errors = [each for each in found if each.severity is Severity.ERROR]
    error = None
    if errors:
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        error = FlowError(
            f"{file} has {count}.", code="flow.check_failed", suggestion="Mend these first."
        )
    return Answer(
        data={"flow": spec.name, "diagnostics": list(found)},
        tables=(list_diagnostics(found, name=spec.name),),
        error=error,
    )


def import_modules(names: list[str]) -> None:
    """Import modules that define node types, those in this folder too.

    Raises:
        UsageError: `usage.import`.
    """
    if names and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as for `python script.py` here
    for name in names:
        try:
            importlib.import_module(name)
        except DagyError:
            raise
        except Exception as error:
            raise UsageError(
                f"The module {name} cannot be imported: {type(error).__name__}: {error}.",
                code="usage.import",
                suggestion="Name an importable module, as in: --import mypackage.nodes",
            ) from error


def _find_config_problems(type_name: str, config: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return what the node type's own class says; of types that were only recorded nothing."""
    from dagy_nb.session.current import current_session

    try:
        current_session().refuse_config(type_name, "", config)
    except ConfigError as error:
        return error.problems
    return ()


def _known_specs(flow: FlowSpec) -> Mapping[str, NodeSpec]:
    """Return the node types that are loaded here, and of the others what the store recorded."""
    from dagy_nb.session.current import current_session

    session = current_session()
    specs = dict(session.registry.discover().specs)
    missing = sorted({node.type for node in flow.nodes} - specs.keys())
    if missing:
        with session.store.connect() as connection:
            rows = connection.execute(
                "SELECT node_type, spec FROM node_versions WHERE list_contains(?, node_type) "
                "ORDER BY seen_at",
                [missing],
            ).fetchall()
        specs.update((name, NodeSpec.model_validate(json.loads(text))) for name, text in rows)
    return specs
