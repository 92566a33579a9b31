"""Notebooks in, recorded runs of them out: the only speaker of papermill.

These are the codes of `NotebookError`, and of the error a `NotebookRun` carries:

| code | the notebook |
| --- | --- |
| `notebook.not_found`, `notebook.unreadable` | is not there, is no notebook |
| `notebook.output_is_input`, `notebook.output_unwritable` | would overwrite itself, has nowhere to be saved |
| `notebook.no_kernel` | asks for a kernel that is not installed |
| `notebook.no_parameters_cell` | has no cell with the tag `parameters`, and parameters were given |
| `notebook.unknown_parameter`, `notebook.parameter_type` | was given a parameter it has not, a wrong value |
| `notebook.kernel_start` | has a kernel that did not start |
| `notebook.start_timeout`, `notebook.cell_timeout`, `notebook.run_timeout` | ran into a limit |
| `notebook.silence_timeout`, `notebook.kernel_frozen` | said nothing, or its kernel gave no sign of life |
| `notebook.kernel_died` | lost its kernel |
| `notebook.stopped_early` | ended itself with cells left |
| `notebook.cancelled` | was cancelled |

A cell that raises gives `raised.<Class>`, or the code of our own error that it raised.
"""
