"""Refuses to listen to other machines without keys and TLS. Pure."""

from gateway.config import AudioSocketConfig, GatewayConfig, TwilioConfig, WyomingConfig
from parley.errors import BadConfig
from parley.wire.trust import check_token, is_at_home


def is_exposed(config: GatewayConfig) -> bool:
    """Whether other machines can connect to the address."""
    return not (is_at_home(config.http) and is_at_home(config.grpc))


def _check_port(name: str, settings: WyomingConfig | AudioSocketConfig, usual: int, *, has_keys: bool) -> None:
    """Of a protocol that asks nobody for a key, so who opens its port says so."""
    if not settings.listen:
        return
    host, _, port = settings.listen.rpartition(":")
    if not host or not port.isdigit():
        raise BadConfig(f"`{name}.listen` is {settings.listen!r}; write host:port, e.g. 0.0.0.0:{usual}.")
    if not (is_at_home(settings.listen) or settings.open):
        raise BadConfig(
            f"`{name}.listen` is {settings.listen}, which other machines reach, and its protocol knows no keys: listen "
            f"on 127.0.0.1, or set `{name}.open = true` where all who reach the port may use it."
        )
    if has_keys and not settings.key:
        raise BadConfig(f"`{name}.key` is empty, and calls need a key here; name the key that its calls count as.")


def _check_twilio(twilio: TwilioConfig) -> None:
    if twilio.key and not twilio.auth_token:
        raise BadConfig(
            "`telephony.twilio.key` would let everybody in: set `telephony.twilio.auth_token` too, by which calls are "
            "known to be Twilio's."
        )


def check(config: GatewayConfig) -> None:
    """Raises BadConfig if an address is open to other machines without keys and TLS, unless `insecure` is set."""
    config.tls.check()
    config.upstream_tls.check()
    check_token(config.token)
    has_keys = bool(config.keys_file)
    _check_port("wyoming", config.wyoming, 10300, has_keys=has_keys)
    _check_port("telephony.audiosocket", config.telephony.audiosocket, 9092, has_keys=has_keys)
    _check_twilio(config.telephony.twilio)
    away = [address for address in (config.http, config.grpc) if not is_at_home(address)]
    if not away or config.insecure or config.tls.mutual or (config.keys_file and config.tls.on):
        return
    missing = [] if config.keys_file else ["`keys_file` (parley keys add)"]
    missing += [] if config.tls.on else ["`tls`"]
    raise BadConfig(
        f"{away[0]} is open to other machines: set {' and '.join(missing)}, listen on 127.0.0.1, "
        "or say --insecure where something in front takes care of both."
    )
