"""Whether somebody has an optional behaviour, by OpenFeature: of the config's flags, or of a provider of others.

Must not know what the behaviour is. A provider of others gets the name of the key and the session, and no header: some
send on what they get.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from gateway import metrics
from gateway.access.flags import FEATURES, Asker, Flags, has
from gateway.caller import Caller
from gateway.config import FeaturesConfig
from parley.errors import BadConfig, SwitchedOff

log = logging.getLogger(__name__)
NOT_FOUND = "FLAG_NOT_FOUND"  # a provider that has no such flag leaves the behaviour on


class FeatureOff(SwitchedOff):
    """What was asked for is off for whoever asks."""

    reason = "FEATURE_OFF"


class Features:
    """Everybody has everything where no flag and no provider is configured, without being asked about."""

    def __init__(self, config: FeaturesConfig) -> None:
        self._client: Any = None
        self._tells_headers = not config.provider
        if config.provider and (config.flags or config.file):
            raise BadConfig("`features` has a `provider` and flags; flags are the provider's then, so leave one out.")
        if config.provider or config.flags or config.file:
            flags = None if config.provider else Flags(config.flags, Path(config.file) if config.file else None)
            self._open(_made(config.provider) if flags is None else _ours(flags))

    def _open(self, provider: Any) -> None:
        from openfeature import api

        domain = f"parley-{id(self)}"
        api.set_provider(provider, domain)
        self._client = api.get_client(domain)

    def of(self, caller: Caller, key: str) -> dict[str, bool]:
        """All that this caller has and has not; empty where everybody has everything."""
        return {} if self._client is None else {each: self.on(each, caller, key) for each in FEATURES}

    def on(self, feature: str, caller: Caller, key: str = "") -> bool:
        """Whether this caller has it; `key` is the name of their API key."""
        if self._client is None:
            return True
        from openfeature.evaluation_context import EvaluationContext

        about: dict[str, Any] = {"key": key or caller.name}
        about |= {"headers": dict(caller.metadata)} if self._tells_headers else {}
        found = self._client.get_boolean_details(feature, True, EvaluationContext(caller.key, about))
        failed = found.error_code is not None and found.error_code != NOT_FOUND
        if failed:
            why = {"flag": feature, "why": found.error_message}
            log.warning("a feature flag cannot be read, so it is on", extra=why)
        metrics.FEATURES.labels(feature, "error" if failed else "on" if found.value else "off").inc()
        return bool(found.value)


def _made(provider: str) -> Any:
    """What `module:name` makes when it is called."""
    module, _, name = provider.partition(":")
    try:
        make: Callable[[], Any] = getattr(import_module(module), name)
        return make()
    except Exception as error:
        what = f"`features.provider` {provider!r} gives no OpenFeature provider ({error})"
        raise BadConfig(f"{what}; write module:name of what makes one.") from None


def _ours(flags: Flags) -> Any:
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider.in_memory_provider import InMemoryProvider
    from openfeature.provider.metadata import Metadata

    class ConfigProvider(InMemoryProvider):
        """The config's flags; others than yes or no there are none."""

        def get_metadata(self) -> Metadata:
            """Its name."""
            return Metadata("parley")

        def resolve_boolean_details(
            self, flag_key: str, default_value: bool, evaluation_context: Any = None
        ) -> FlagResolutionDetails[bool]:
            """By the flag as it is now."""
            flag, about = flags.of(flag_key), evaluation_context
            if flag is None:
                return FlagResolutionDetails(default_value, reason=Reason.DEFAULT)
            asker = Asker(about.targeting_key, about.attributes["key"], about.attributes["headers"])
            return FlagResolutionDetails(has(flag, flag_key, asker), reason=Reason.TARGETING_MATCH)

    return ConfigProvider({})
