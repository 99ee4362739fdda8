"""Certificates that nobody else trusts, made for one test."""

import subprocess
from pathlib import Path


def certificates(folder: Path) -> tuple[str, str, str]:
    """An authority, and one certificate of it for the server and its callers alike."""
    ca, key, cert, request = (str(folder / name) for name in ("ca.pem", "key.pem", "cert.pem", "request.pem"))
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes")
    own = ("-x509", "-keyout", str(folder / "ca.key"), "-out", ca, "-subj", "/CN=Test", "-days", "1")
    signed = ("-CA", ca, "-CAkey", str(folder / "ca.key"), "-CAcreateserial", "-extfile", str(folder / "names"))
    for command in (
        (*new, *own),
        (*new, "-keyout", key, "-out", request, "-subj", "/CN=localhost"),
        ("openssl", "x509", "-req", "-in", request, "-out", cert, "-days", "1", *signed),
    ):
        subprocess.run(command, check=True, capture_output=True)
    return ca, key, cert
