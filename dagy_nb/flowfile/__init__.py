"""Flow text (YAML) in, `FlowSpec` out, and back without loss; expressions and parameter values.

Text is data here: nothing of it is executed, imported or looked up (D2). It is read as YAML 1.2, from the
parser's events, so every value knows its line and column. These are the codes of `FlowTextError`:

| code | the text |
| --- | --- |
| `text.no_text`, `text.empty` | is no text, holds nothing |
| `text.too_large`, `text.too_deep`, `text.too_many` | is beyond a limit of size, nesting, values |
| `text.encoding`, `text.character` | is no UTF-8, holds a character that no text has |
| `text.syntax`, `text.tab` | is no YAML, is indented with a tab |
| `text.documents` | holds a second document |
| `text.tag`, `text.alias`, `text.merge_key` | uses what flow text does without |
| `text.duplicate_key`, `text.key_type` | has a key twice, a key that is no text |
| `text.number`, `text.not_finite` | has a number too long, NaN or infinity |
| `text.format` | is of a format this version does not read |
| `text.unknown_field`, `text.missing_field` | has a field too many, too few |
| `text.field_type`, `text.value`, `text.name` | has a value of the wrong kind, out of range, no name |
| `text.code` | asks for what only a class's own code can say |
| `text.edge`, `text.duplicate_edge` | has an edge that is none, an edge twice |
| `text.unwritable` | cannot be written: a value has no YAML form |
"""
