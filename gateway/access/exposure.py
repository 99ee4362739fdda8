"""Refuses to listen to other machines without keys and TLS. Pure."""

from gateway.config import GatewayConfig
from parley.errors import BadConfig
from parley.wire.trust import check_token, is_at_home


def is_exposed(config: GatewayConfig) -> bool:
    """Whether other machines can connect to the address."""
    return not (is_at_home(config.http) and is_at_home(config.grpc))


def check(config: GatewayConfig) -> None:
    """Raises BadConfig if an address is open to other machines without keys and TLS, unless `insecure` is set."""
    config.tls.check()
    config.upstream_tls.check()
    check_token(config.token)
    away = [address for address in (config.http, config.grpc) if not is_at_home(address)]
    if not away or config.insecure or config.tls.mutual or (config.keys_file and config.tls.on):
        return
    missing = [] if config.keys_file else ["`keys_file` (parley keys add)"]
    missing += [] if config.tls.on else ["`tls`"]
    raise BadConfig(
        f"{away[0]} is open to other machines: set {' and '.join(missing)}, listen on 127.0.0.1, "
        "or say --insecure where something in front takes care of both."
    )
