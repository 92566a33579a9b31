"""Every exception of dagy_nb, with a stable code.

```text
DagyError
├── DefinitionError          a cell or class does not define a node           node.*
│   ├── CaptureRefused       a cell uses data it must not capture             capture.*
│   ├── CellSyntaxError (SyntaxError)  a cell's text is not Python            node.syntax
│   └── NameTaken            two origins define one node type                 node.name_taken
├── UnknownName (LookupError)  no such node type, flow, run, connector …      unknown.*
│   └── UnknownOutput (KeyError)  a run has no value under this name          unknown.output
├── FlowError   a flow cannot be built, edited or run   flow.*, input.*, edit.*, parameter.*, expression.*
│   ├── ConnectionRefused    an edge does not fit                             edge.*
│   ├── BackendError         a run cannot go where it is to go                backend.*
│   ├── FlowTextError        YAML that is not a flow, with line and column    text.*
│   └── CheckFailed          a check found errors                             flow.check_failed
├── ConfigError (ValueError) a node's config is wrong                         config.*
├── ContractError            outputs that were not declared                   contract.*
├── ConversionError (ValueError)  a value cannot become another type          convert.*
├── TransitionError          a state change that is not in the table          state.*
├── NodeTimeout (TimeoutError) a node ran past its deadline                   node.timed_out
├── RunnerError              a node cannot go to its runner, or come back     runner.*
├── RunFailed                a run did not complete                           run.*
├── RunUnfinished (TimeoutError) a run goes on after somebody waited enough   run.unfinished
├── StoreError               records or outputs cannot be kept or read        store.*, outputs.*
│   └── ConflictError        somebody else changed it first            store.conflict, draft.stale
├── NotebookError            a notebook cannot be run                         notebook.*
├── MessageError             a browser's message has the wrong shape          message.*
├── SettingError (ValueError)  a setting has a wrong value                    setting.*
└── UsageError (ValueError)  a magic or a command is written wrongly          usage.*
```

Codes never change their meaning; messages may improve. Compare codes, never message text.

Beside the tree stand `NodeCancelled`, a `BaseException`: it ends a node's body and passes every
`except Exception` of the user's; and `CheckWarning`, a `UserWarning`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_ENDS = (".", "!", "?", ":", ";", ",", "…")


class DagyError(Exception):
    """The root of all errors of dagy_nb.

    Attributes:
        code: Stable, dotted, lower case: `family.what`.
        reason: What is wrong and where, one sentence.
        suggestion: What to do next; may be empty.
    """

    default_code = "dagy.error"

    def __init__(self, reason: str, *, code: str | None = None, suggestion: str = "") -> None:
        self.code = code or self.default_code
        self.reason = reason
        self.suggestion = suggestion
        # What to do next does not run into the last line of a list or a picture.
        told = reason.rstrip()
        space = "\n" if "\n" in reason else " " if told.endswith(_ENDS) else ". "
        told = space.join(filter(None, (told, suggestion)))
        super().__init__(f"{told} [{self.code}]")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by rebuilding without `__init__`, so subclasses may take other arguments."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(cls: type[DagyError], args: tuple[object, ...], state: dict[str, object]) -> DagyError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class DefinitionError(DagyError):
    """A cell or class does not define a node."""

    default_code = "node.definition"


class CaptureRefused(DefinitionError):
    """A node's cell uses data of the notebook which it must not capture.

    Attributes:
        names: The refused names.
    """

    default_code = "capture.refused"

    def __init__(
        self, reason: str, *, names: Sequence[str], code: str | None = None, suggestion: str = ""
    ) -> None:
        super().__init__(reason, code=code, suggestion=suggestion)
        self.names = tuple(names)


class CellSyntaxError(DefinitionError, SyntaxError):
    """A cell's text is not Python: a `SyntaxError` with the cell's own name and line."""

    default_code = "node.syntax"

    def __init__(self, error: SyntaxError) -> None:
        super().__init__(error.msg)
        self.args = error.args
        self.msg = error.msg
        self.filename = error.filename
        self.lineno = error.lineno
        self.offset = error.offset
        self.text = error.text
        self.end_lineno = error.end_lineno
        self.end_offset = error.end_offset


class NameTaken(DefinitionError):
    """Another origin already defines this node type; both origins are named."""

    default_code = "node.name_taken"


class UnknownName(DagyError, LookupError):
    """Nothing goes by this name; the nearest known names are suggested."""

    default_code = "unknown.name"


class UnknownOutput(UnknownName, KeyError):
    """A run has no value under this name; as a `KeyError` it ends `get` and `in` as in any mapping."""

    default_code = "unknown.output"

    def __str__(self) -> str:
        return DagyError.__str__(self)


class FlowError(DagyError):
    """A flow cannot be built, read or run."""

    default_code = "flow.invalid"


class ConnectionRefused(FlowError):
    """Two connectors do not fit, with the same words as the editor shows."""

    default_code = "edge.refused"


class BackendError(FlowError):
    """A run cannot go to the backend that was chosen for it, or was lost there."""

    default_code = "backend.failed"


class FlowTextError(FlowError):
    """Text that is not a flow.

    Attributes:
        line: 1-based line, or None where there is none.
        column: 1-based column, or None.
    """

    default_code = "text.invalid"

    def __init__(
        self,
        reason: str,
        *,
        code: str | None = None,
        suggestion: str = "",
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        place = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(place + reason, code=code, suggestion=suggestion)
        self.line = line
        self.column = column


class CheckFailed(FlowError):
    """A flow's check found errors, so it was not run.

    Attributes:
        diagnostics: All diagnostics of the check (`dagy_nb.model.diagnostic.Diagnostic`).
    """

    default_code = "flow.check_failed"

    def __init__(self, reason: str, *, diagnostics: Sequence[object], suggestion: str = "") -> None:
        super().__init__(reason, suggestion=suggestion)
        self.diagnostics = tuple(diagnostics)


class ConfigError(DagyError, ValueError):
    """A node's config does not fit its schema.

    Attributes:
        problems: One `(field path, message)` for each problem.
    """

    default_code = "config.invalid"

    def __init__(
        self,
        reason: str,
        *,
        problems: Sequence[tuple[str, str]] = (),
        code: str | None = None,
        suggestion: str = "",
    ) -> None:
        super().__init__(reason, code=code, suggestion=suggestion)
        self.problems = tuple(problems)


class ContractError(DagyError):
    """A node returned something else than its outputs declare.

    Attributes:
        connector: The output in question, or None.
        expected: What the connector declares.
        got: What came.
    """

    default_code = "contract.broken"

    def __init__(
        self,
        reason: str,
        *,
        connector: str | None = None,
        expected: str = "",
        got: str = "",
        code: str | None = None,
        suggestion: str = "",
    ) -> None:
        super().__init__(reason, code=code, suggestion=suggestion)
        self.connector = connector
        self.expected = expected
        self.got = got


class ConversionError(DagyError, ValueError):
    """A value cannot become what is asked for, or only with a loss that nobody allowed."""

    default_code = "convert.no_way"


class TransitionError(DagyError):
    """A state change that the table of transitions does not allow."""

    default_code = "state.transition"


class NodeTimeout(DagyError, TimeoutError):
    """A node ran past its deadline."""

    default_code = "node.timed_out"


class RunnerError(DagyError):
    """A node, its inputs or its outputs cannot go where its runner is, or that runner is not there."""

    default_code = "runner.refused"


class RunFailed(DagyError):
    """A run did not complete.

    Attributes:
        run_id: The run.
        run: Its `RunResult`, where there is one.
    """

    default_code = "run.failed"

    def __init__(
        self,
        reason: str,
        *,
        run_id: str,
        run: object = None,
        code: str | None = None,
        suggestion: str = "",
    ) -> None:
        super().__init__(reason, code=code, suggestion=suggestion)
        self.run_id = run_id
        self.run = run


class RunUnfinished(DagyError, TimeoutError):
    """A run goes on after somebody waited for it as long as they wanted to."""

    default_code = "run.unfinished"


class StoreError(DagyError):
    """Records cannot be read or written."""

    default_code = "store.failed"


class ConflictError(StoreError):
    """Somebody else changed it first: read again, then repeat."""

    default_code = "store.conflict"


class NotebookError(DagyError):
    """A notebook cannot be run, or did not run to its end."""

    default_code = "notebook.failed"


class MessageError(DagyError):
    """A browser's message has the wrong shape, size or revision."""

    default_code = "message.invalid"


class SettingError(DagyError, ValueError):
    """A setting has a wrong value; its source is named."""

    default_code = "setting.invalid"


class UsageError(DagyError, ValueError):
    """A magic or a command is written wrongly; the suggestion shows how it is written."""

    default_code = "usage.invalid"


class CheckWarning(UserWarning):
    """Told where a flow is run by code: what its check warns of, once for each version of the flow.

    Example:
        >>> warnings.simplefilter("ignore", dagy_nb.CheckWarning)  # doctest: +SKIP
    """


class NodeCancelled(BaseException):
    """Ends the body of a node that was asked to end; `context.cancel.raise_if_requested()` raises it."""

    code = "node.cancelled"

    def __init__(self) -> None:
        super().__init__("The node was asked to end. [node.cancelled]")

    def __reduce__(self) -> tuple[object, ...]:
        return (NodeCancelled, ())
