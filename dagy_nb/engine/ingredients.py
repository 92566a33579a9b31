"""A step and the contents that enter it in, all that decides its outputs out: as a key, and as reasons."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dagy_nb.engine.content import Content, NoDigest, digest_text, digest_value
from dagy_nb.engine.secrecy import find_secret_config
from dagy_nb.model.kept import ConfigPart, Ingredients, InputPart
from dagy_nb.nodes.bundle import CELLS
from dagy_nb.nodes.parts import list_imports, list_parts, read_code
from dagy_nb.nodes.secrets import is_secret

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.wires import Source

MAX_TEXT = 60
FORMAT = "1"
HIDDEN = "(secret)"

Veil = Callable[[str], str]
Entered = Mapping[str, Sequence["tuple[Source, Content]"]]

_READS: WeakKeyDictionary[type, bool] = WeakKeyDictionary()
_PLAIN: WeakKeyDictionary[type, tuple[Ingredients, str]] = WeakKeyDictionary()
"""Of nodes whose config is that of their class."""


class NotReusable(Exception):
    """A node's outputs must not be taken again; the message says why, with `it` for the node."""


def refuse_reuse(step: Step) -> str:
    """Return why a node's outputs must never be taken by another run; empty where they may."""
    spec = step.spec
    if spec.side_effects:
        return "it has side effects"
    if not spec.deterministic:
        return "it is not deterministic"
    for each in step.inner.steps if step.inner is not None else ():
        refused = refuse_reuse(each)
        if refused:
            return f"of {each.node_id} inside it: {refused}"
    return refuse_keeping(step)


def has_side_effects(step: Step) -> bool:
    """Say whether a node, or one that it runs inside itself, changes the world outside."""
    if step.inner is None:
        return step.spec.side_effects
    return step.spec.side_effects or any(map(has_side_effects, step.inner.steps))


def refuse_keeping(step: Step) -> str:
    """Return why a node's outputs must never be written; empty where they may."""
    secret = step.secret_outputs
    return f"its output `{min(secret)}` is secret" if secret else ""


def gather_fixed(step: Step, parameters: Mapping[str, Any], veil: Veil) -> tuple[Ingredients, str]:
    """Return what decides a node's outputs, without what enters it, and the hash of that.

    Raises:
        NotReusable: A config value has no digest, or the config does not fit.
    """
    cls = step.node_class
    imports = list_imports(cls)
    is_plain = not (
        step.config or step.inner or cls.traits.default_config is None or _reads_parameters(cls)
    )
    known = _PLAIN.get(cls) if is_plain else None
    if known is None or known[0].imports != imports:
        made = _gather(step, parameters, imports, veil)
        known = made, hash_recipe(made)
        if is_plain and not any(each.files for each in made.config.values()):
            _PLAIN[cls] = known
    return known


def list_files(step: Step, parameters: Mapping[str, Any], veil: Veil) -> Iterator[str]:
    """Yield the files that a node's config names, and those of what it runs inside itself.

    Raises:
        NotReusable: As `gather_fixed`.
    """
    fixed, _ = gather_fixed(step, parameters, veil)
    for part in fixed.config.values():
        yield from part.files
    if step.inner is not None:
        for each in step.inner.steps:
            yield from () if each.disabled else list_files(each, step.inner.parameters, veil)


def _gather(
    step: Step, parameters: Mapping[str, Any], imports: Mapping[str, str], veil: Veil
) -> Ingredients:
    return Ingredients(
        version=step.spec.version,
        parts=list_parts(step.node_class),
        config=_gather_config(step, veil),
        parameters=_gather_values(parameters, "parameter", veil)
        if _reads_parameters(step.node_class)
        else {},
        inner=_gather_inner(step.inner, veil),
        imports=imports,
    )


def gather_inputs(entered: Entered) -> dict[str, tuple[InputPart, ...]]:
    """Return what enters a node: input connector → its parts, in the order of the edges."""
    return {
        name: tuple(
            InputPart(
                source=f"{source.node_id}.{source.output}",
                digest=content.digest,
                conversion=_tell_conversion(source),
                files=content.files,
            )
            for source, content in parts
        )
        for name, parts in entered.items()
    }


def hash_recipe(fixed: Ingredients) -> str:
    """Return the hash of what decides a node's outputs, without what enters it."""
    words = [FORMAT, fixed.version]
    for kind, parts in (("config", fixed.config), ("parameters", fixed.parameters)):
        words.append(kind)
        for name in sorted(parts):
            words += (name, parts[name].digest)
    for kind, hashes in (("inner", fixed.inner), ("imports", fixed.imports)):
        words.append(kind)
        for name in sorted(hashes):
            words += (name, hashes[name])
    return digest_text(*words)


def hash_key(recipe: str, entered: Entered) -> str:
    """Return the hash of all that decides a node's outputs."""
    words = [recipe]
    for name in sorted(entered) if len(entered) > 1 else entered:
        words += (name, str(len(entered[name])))
        for source, content in entered[name]:
            told = _tell_conversion(source) if source.conversion is not None else ""
            words += (content.digest, told)
    return digest_text(*words)


def hash_own_key(key: str, run_id: str) -> str:
    """Return the key under which only a run that goes on with `run_id` looks."""
    return digest_text("own", key, run_id)


def _gather_config(step: Step, veil: Veil) -> Mapping[str, ConfigPart]:
    try:
        config = step.node_class.create(step.config).config
    except Exception as error:  # noqa: BLE001 - a config's own checks may raise anything; the run tells it
        raise NotReusable(f"its config does not fit ({type(error).__name__})") from None
    fields = {name: getattr(config, name) for name in type(config).model_fields}
    fields |= config.model_extra or {}
    return _gather_values(fields, "config field", veil, find_secret_config(step))


def _gather_values(
    values: Mapping[str, Any], what: str, veil: Veil, hidden: Set[str] = frozenset()
) -> dict[str, ConfigPart]:
    parts = {}
    for name, value in values.items():
        if is_secret(value):
            parts[name] = ConfigPart(digest=veil(repr(value.get_secret_value())), text=HIDDEN)
            continue
        try:
            content = digest_value(value)
        except NoDigest as error:
            raise NotReusable(f"its {what} `{name}` {error}") from None
        is_hidden = name in hidden
        digest = veil(content.digest) if is_hidden else content.digest
        text = HIDDEN if is_hidden else _shorten(value)
        parts[name] = ConfigPart(digest=digest, text=text, files=content.files)
    return parts


def _gather_inner(plan: Plan | None, veil: Veil) -> dict[str, str]:
    """Return what a composite node's body runs: node id → hash of all that is fixed of it."""
    if plan is None:
        return {}
    return {each.node_id: _hash_inner(each, plan.parameters, veil) for each in plan.steps}


def _hash_inner(step: Step, parameters: Mapping[str, Any], veil: Veil) -> str:
    if step.disabled:
        return digest_text("disabled")
    try:
        _, recipe = gather_fixed(step, parameters, veil)
    except NotReusable as error:
        raise NotReusable(f"of {step.node_id} inside it: {error}") from None
    edges = [
        f"{binding.input} {source.node_id}.{source.output} {_tell_conversion(source)}"
        for binding in step.bindings
        for source in binding.sources
    ]
    return digest_text(recipe, step.trigger, *edges)


def _reads_parameters(node_class: Any) -> bool:
    """Say whether a node's code may look at the run's parameters beside its config."""
    known = _READS.get(node_class)
    if known is None:
        traits = node_class.traits
        known = bool(traits.hooks) or (traits.takes_context and _may_hand_on(node_class))
        _READS[node_class] = known
    return known


def _may_hand_on(node_class: Any) -> bool:
    owner = next(each for each in node_class.__mro__ if "execute" in vars(each))
    home = owner.__module__
    is_read = home == node_class.__module__ or home.partition(".")[0] in {"dagy_nb", CELLS}
    return not is_read or _hands_on(read_code(node_class))


def _hands_on(code: str) -> bool:
    """Say whether code reads `context.parameters`, or gives the context to somebody else."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return True
    owners = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    return any(_is_use(each, owners) for each in ast.walk(tree))


def _is_use(each: ast.AST, owners: set[int]) -> bool:
    if isinstance(each, ast.Attribute):
        return each.attr == "parameters"
    is_name = isinstance(each, ast.Name) and each.id == "context"
    return is_name and isinstance(each.ctx, ast.Load) and id(each) not in owners  # type: ignore[attr-defined]


def _tell_conversion(source: Source) -> str:
    if source.conversion is None:
        return ""
    return f"{' '.join(source.conversion.sources)} → {' '.join(source.conversion.targets)}"


def _shorten(value: Any) -> str:
    if isinstance(value, str | int | float | bool | None | list | tuple | dict):
        text = repr(value) if not isinstance(value, str) else repr(value[: MAX_TEXT + 1])
    else:
        text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
