"""What is kept of a node run so that its outputs can be taken again, or its inputs be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagy_nb.model.event import Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPart:
    """One value that entered an input.

    Attributes:
        source: `node.output`, where it came from.
        digest: Of its content.
        conversion: How it was turned into what the input takes; empty where it entered as it was.
        files: Path → digest, of the files that are a part of it.
    """

    source: str
    digest: str
    conversion: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigPart:
    """One field of a config.

    Attributes:
        digest: Of its value.
        text: The value in short, for people; never a secret's.
        files: Path → digest, of the files that it names.
    """

    digest: str
    text: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """All that decides what a node makes (D12).

    Attributes:
        version: Of the node's type: its code with all that this uses, connectors, config schema.
        parts: What the code is made of: name in words → hash, or the text of a constant.
        config: Config field → its value.
        inputs: Input connector → what entered.
        parameters: The run's parameters, where the code reads them itself.
        inner: Nodes that its body runs → the hash of all that is fixed of them.
        imports: The user's own modules, classes of the notebook and installed packages that it uses: name
            in words → hash or version, as they are now.
    """

    version: str
    parts: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, ConfigPart] = field(default_factory=dict)
    inputs: Mapping[str, tuple[InputPart, ...]] = field(default_factory=dict)
    parameters: Mapping[str, ConfigPart] = field(default_factory=dict)
    inner: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptValue:
    """One value that is kept.

    Attributes:
        digest: Of its content.
        blob: Under which name its bytes are kept.
        form: How they are to be read: `pickle`, `arrow pandas` …
        size: How many bytes.
        files: Path → digest, of the files that are a part of it.
        inline: The bytes themselves in base 64, of small values.
        stamp: When the file of the others was written, in nanoseconds.
    """

    digest: str
    blob: str
    form: str = "pickle"
    size: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    inline: str = field(default="", repr=False)
    stamp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOutputs:
    """The outputs of one node run.

    Attributes:
        key: The hash of its ingredients.
        recipe: The hash of its ingredients without what entered.
        flow: The flow's name.
        node_id: The node.
        run_id: The run that made them.
        at: When, in seconds since the epoch, UTC.
        seconds: How long that took.
        outputs: Output connector → value.
        previews: Output connector → bounded look at it.
        ingredients: What they were made of.
    """

    key: str
    recipe: str = ""
    flow: str
    node_id: str
    run_id: str
    at: float
    seconds: float = 0.0
    outputs: Mapping[str, KeptValue] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    ingredients: Ingredients = Ingredients(version="")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptInputs:
    """The inputs of one attempt of a node: the wire tap.

    Attributes:
        run_id: The run.
        node_id: The node.
        attempt: From 1.
        node_type: The name of the node's type.
        node_version: Its version then.
        at: When they were kept, in seconds since the epoch, UTC.
        inputs: Input connector → the values that entered, before they were converted.
        many: Inputs that take several values.
        config: The node's config as plain values, without secrets.
        secret_config: Config fields that are left out of it.
        parameters: The run's parameters.
        conversions: Input connector → for each value, the data types of both ends, or None.
        left_out: Input connector → why its values are not kept.
        touched: Inputs that the node may have changed before they were kept.
    """

    run_id: str
    node_id: str
    attempt: int
    node_type: str
    node_version: str
    at: float
    inputs: Mapping[str, tuple[KeptValue, ...]] = field(default_factory=dict)
    many: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    secret_config: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conversions: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    touched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Packed:
    """A value as bytes.

    Attributes:
        value: What is noted of it.
        data: The bytes; None where the same value is kept already.
    """

    value: KeptValue
    data: bytes | memoryview | None
