"""One delivery to a webhook, signed as standardwebhooks.com says. Must not know what is told, nor who tries again."""

import asyncio
import base64
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from parley.errors import BadConfig, ParleyError, Unavailable
from parley.wire import outward

TIMEOUT_S = 15.0  # of one try
PREFIX, SHORTEST_SECRET = "whsec_", 24  # bytes
FAULTS = (ParleyError, TimeoutError, httpx.HTTPError, httpx.InvalidURL)  # what a try may fail with


def signing(secret: str) -> Webhook:
    """What deliveries are signed with; raises BadConfig where the secret is none."""
    with suppress(ValueError):
        if len(raw := base64.b64decode(secret.removeprefix(PREFIX), validate=True)) >= SHORTEST_SECRET:
            return Webhook(raw)
    raise BadConfig(
        f"`webhook_secret` is no secret: write whsec_ and at least {SHORTEST_SECRET} random bytes in base64."
    )


async def post(
    client: httpx.AsyncClient, url: str, private: Sequence[str], name: str, body: str, signed_by: Webhook
) -> None:
    """Once, under a name that stays the same for every try; raises one of FAULTS unless the answer is a yes."""
    now = datetime.now(UTC)
    headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = signed_by.sign(name, now, body)
    headers["content-type"] = "application/json"
    async with (
        asyncio.timeout(TIMEOUT_S),
        outward.stream(client, "POST", httpx.URL(url), private, headers, body.encode()) as answer,
    ):
        if not answer.is_success:
            raise Unavailable(f"It answers {answer.status_code}.")
