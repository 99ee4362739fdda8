"""Refuses to listen to other machines without keys and TLS. Pure."""

from gateway.config import GatewayConfig
from parley.errors import BadConfig

AT_HOME = ("127.", "localhost:", "[::1]:", "unix:")


def check(config: GatewayConfig) -> None:
    """Raises BadConfig if an address is open to other machines without keys and TLS, unless `insecure` is set."""
    config.tls.check()
    away = [address for address in (config.http, config.grpc) if not address.startswith(AT_HOME)]
    if not away or config.insecure or config.tls.mutual or (config.keys_file and config.tls.on):
        return
    missing = [] if config.keys_file else ["`keys_file` (parley keys add)"]
    missing += [] if config.tls.on else ["`tls`"]
    raise BadConfig(
        f"{away[0]} is open to other machines: set {' and '.join(missing)}, listen on 127.0.0.1, "
        "or say --insecure where something in front takes care of both."
    )
