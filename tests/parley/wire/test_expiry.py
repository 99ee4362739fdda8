"""When certificates and keys come to their end, as Prometheus sees it."""

import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway.access.keys import KeyRing
from parley.errors import BadConfig
from parley.wire import expiry
from parley.wire.keys import make, write
from tests.e2e.certificates import certificates

DAY_S = 86_400


def test_the_first_certificate_of_a_file_counts(tmp_path: Path) -> None:
    """By the setting that names the file; what is not set has no series."""
    ca, _, cert = certificates(tmp_path)
    (tmp_path / "chain.pem").write_text(Path(cert).read_text() + Path(ca).read_text())
    expiry.note({"tls.cert": str(tmp_path / "chain.pem"), "tls.client_ca": ""})
    found = REGISTRY.get_sample_value("parley_certificate_expires_seconds", {"file": "tls.cert"})
    assert found == pytest.approx(time.time() + DAY_S, abs=60)
    assert REGISTRY.get_sample_value("parley_certificate_expires_seconds", {"file": "tls.client_ca"}) is None


@pytest.mark.parametrize("content", ["", "nothing", None])
def test_what_is_no_certificate_is_told_by_its_setting(tmp_path: Path, content: str | None) -> None:
    """At the start, not when somebody connects."""
    file = tmp_path / "cert.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadConfig, match=r"`tls.cert` names .*cert.pem"):
        expiry.note({"tls.cert": str(file)})


def test_the_next_key_to_expire_counts(tmp_path: Path) -> None:
    """Not one that has, nor one that never does; without any there is no end."""
    assert KeyRing(None).next_expiry() == math.inf
    now = datetime.now(UTC)
    ends = [now - timedelta(days=1), now + timedelta(days=3), now + timedelta(days=9), None]
    write(tmp_path / "keys.json", [make("anybody", ["use"], end)[1] for end in ends])
    assert KeyRing(tmp_path / "keys.json").next_expiry() == pytest.approx(time.time() + 3 * DAY_S, abs=5)
