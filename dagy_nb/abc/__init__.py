"""What you may plug in: runners, backends, stores, secret sources, notifiers, clocks."""

from __future__ import annotations

from dagy_nb.abc.backend import Backend as Backend
from dagy_nb.abc.backend import Capabilities as Capabilities
from dagy_nb.abc.backend import RunControl as RunControl
from dagy_nb.abc.backend import Submission as Submission
from dagy_nb.abc.runner import CallReporter as CallReporter
from dagy_nb.abc.runner import Conversion as Conversion
from dagy_nb.abc.runner import Enforcement as Enforcement
from dagy_nb.abc.runner import HereCall as HereCall
from dagy_nb.abc.runner import LiveCall as LiveCall
from dagy_nb.abc.runner import NodeCall as NodeCall
from dagy_nb.abc.runner import Outcome as Outcome
from dagy_nb.abc.runner import Runner as Runner
from dagy_nb.abc.store import Page as Page
from dagy_nb.abc.store import Store as Store
from dagy_nb.abc.surroundings import Clock as Clock
from dagy_nb.abc.surroundings import Notifier as Notifier
from dagy_nb.abc.surroundings import SecretSource as SecretSource
