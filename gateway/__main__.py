"""`python -m gateway`: HTTP and gRPC on one event loop, until SIGTERM or SIGINT; then drain."""

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import logging
import signal
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from gateway import metrics
from gateway.access import exposure
from gateway.access.pages import Pages
from gateway.access.upload_memory import UploadMemory
from gateway.apis.app import SHAPES, app
from gateway.apis.audiosocket.server import AudioSocketServer
from gateway.apis.rpc import RpcServer
from gateway.apis.wyoming.server import WyomingServer
from gateway.calls.calls import Calls
from gateway.config import LARGEST_CHUNK, GatewayConfig
from gateway.core import Core
from gateway.http.audited import Audited
from gateway.http.cors import shared
from gateway.http.gate import Gate
from gateway.http.slow_clients import PatientHttp, PatientSocket
from gateway.jobs import Jobs
from gateway.references import References
from gateway.sessions.sessions import Sessions
from parley import config, disk, machine, telemetry
from parley.errors import BadConfig
from parley.wire import expiry

log = logging.getLogger(__name__)
CALLS_S = 1.5  # for the last words of telephone calls that still go on, and as long to tell their webhooks


class Http(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing: `serve` handles signals for the whole process."""
        yield


def main() -> None:
    """Read the config and serve."""
    parser = argparse.ArgumentParser(description="Parley's gateway.")
    parser.add_argument("--config", type=Path, default=Path("deploy/config/gateway.toml"))
    parser.add_argument("--insecure", action="store_true", help="listen to other machines without keys and TLS")
    options = parser.parse_args()
    try:
        settings = config.load(GatewayConfig, options.config)
        exposure.check(dataclasses.replace(settings, insecure=settings.insecure or options.insecure))
        machine.raise_file_limit()
        telemetry.set_up("gateway", settings.telemetry, _secrets(settings))
        uvloop.run(serve(settings))
    except BadConfig as error:
        sys.exit(f"gateway: {error}")


def _secrets(settings: GatewayConfig) -> list[str]:
    return [
        settings.token,
        settings.jobs.token,
        settings.jobs.webhook_secret,
        settings.rollouts.webhook_secret,
        settings.rollouts.reference.key,
        settings.wyoming.key,
        settings.audit.secret,
        settings.telephony.webhook_secret,
        settings.telephony.audiosocket.key,
        settings.telephony.twilio.key,
        *settings.telephony.twilio.auth_token.split(","),
    ]


async def serve(settings: GatewayConfig) -> None:
    """Run until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    telemetry.watch_tasks()
    _note_expiry(settings)
    _note_disks(settings)
    core = Core(settings)
    metrics.KEY_EXPIRES.set_function(core.keys.next_expiry)
    references = References(core, settings.rollouts.reference)
    jobs, memory = Jobs(core, settings.jobs), UploadMemory(settings.limits.uploads_bytes)
    calls, sessions = Calls(core, settings), Sessions(core.pipeline, core.keys, settings.sessions)
    rpc, http = RpcServer(core, settings, jobs, memory, sessions), _http(core, settings, jobs, memory, sessions, calls)
    wyoming, audiosocket = WyomingServer(core, settings), AudioSocketServer(calls)
    await core.start()
    await rpc.start()
    await wyoming.start()
    await audiosocket.start()
    references.start()
    serving = asyncio.create_task(_listen(http, settings.http))
    gc.collect()
    gc.freeze()
    log.info("serving", extra={"http": settings.http, "grpc": settings.grpc})
    await asyncio.wait((serving, asyncio.create_task(stop.wait())), return_when=asyncio.FIRST_COMPLETED)
    core.admission.draining = True
    log.info("draining", extra={"calls": core.admission.open})
    await asyncio.gather(rpc.stop(settings.drain_s), core.admission.empty(settings.drain_s))
    await calls.close(CALLS_S)
    await wyoming.stop()
    await audiosocket.stop()
    http.should_exit = True  # not sooner: it would close WebSockets at once
    await serving
    await references.close()
    await sessions.close()
    await core.close()


def _note_expiry(settings: GatewayConfig) -> None:
    own, calls = settings.tls, settings.upstream_tls
    expiry.note({"tls.cert": own.cert, "tls.client_ca": own.client_ca})
    expiry.note({"upstream_tls.ca": calls.ca, "upstream_tls.cert": calls.cert})


def _note_disks(settings: GatewayConfig) -> None:
    jobs, routes = settings.jobs.folder, settings.routes_file
    state, audit = str(Path(routes).parent) if routes else "", settings.audit.folder
    disk.note({"jobs": jobs, "state": state, "audit": audit, "temporary": disk.temporary()})


def _http(
    core: Core, settings: GatewayConfig, jobs: Jobs, memory: UploadMemory, sessions: Sessions, calls: Calls
) -> Http:
    host, _, port = settings.http.rpartition(":")
    if not host or not port.isdigit():
        raise BadConfig(f"`http` is {settings.http!r}; write host:port.")
    has_keys, is_exposed = bool(settings.keys_file), exposure.is_exposed(settings)
    pages = Pages(settings.allow.hosts, settings.cors, has_keys=has_keys, is_exposed=is_exposed)
    served = app(core, settings.limits, settings.cache, jobs, memory, sessions, calls)
    gate = Gate(served, core.keys, pages, SHAPES)
    audited = Audited(gate, core.audit, SHAPES)
    return Http(
        uvicorn.Config(
            shared(audited, pages.origins),
            host=host,
            port=int(port),
            http=PatientHttp,
            ws=PatientSocket,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ws_max_size=2 * LARGEST_CHUNK,
            ws_per_message_deflate=False,  # sound does not deflate
            server_header=False,
            proxy_headers=False,  # whose call a proxy passes on is not for it to say
            ssl_certfile=settings.tls.cert or None,
            ssl_keyfile=settings.tls.key or None,
            ssl_ca_certs=settings.tls.client_ca or None,
            ssl_cert_reqs=ssl.CERT_REQUIRED if settings.tls.mutual else ssl.CERT_NONE,
        )
    )


async def _listen(http: Http, address: str) -> None:
    """Opens the HTTP port; raises with its name when it is taken: uvicorn would end the process without a word."""
    try:
        await http.serve()
    except SystemExit:
        raise BadConfig(f"`http` cannot take {address!r}; is it in use? Write a free host:port.") from None


main()
