"""Whether somebody who is trusted has signed a version: OpenSSF's model signatures, offline. Must not know policies.

The library says that the signature is good and that the files on disk are the signed ones. What is loaded later are the
bytes of which this process has the sums, so those sums are compared with the signed ones, too.
"""

import base64
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parley.engines import files
from parley.engines.model import ModelSpec
from parley.errors import BadConfig, BadModel
from parley.extras import install

SIGNATURE, TOML, EXTRA = "model.sig", "model.toml", "signing"
LARGEST, LONGEST = 1 << 20, 200  # bytes; characters of a complaint
DIFFERS = re.compile(r"Hash mismatch for \\?'([\w.+-]+)")


def verify(spec: ModelSpec, keys: Sequence[Path], certificates: Sequence[Path]) -> None:
    """Raises BadModel unless one of the keys, or somebody under one of the certificates, has signed these bytes."""
    if not (spec.folder / SIGNATURE).is_file():
        raise BadModel(f"{spec.ref} is not signed: {spec.folder} has no {SIGNATURE}; sign it (docs/models.md).")
    written = files.read(spec.folder / SIGNATURE, LARGEST)
    faults = []
    with _signature(written) as path:
        for check in _checks(keys, certificates):
            try:
                check(spec.folder, path)
            except Exception as error:  # the library raises ValueError, and what its own libraries raise
                faults.append(_in_words(error))
                continue
            return _compare(spec, _signed(written))
    raise BadModel(f"{spec.ref}: nobody who is trusted has signed what lies in {spec.folder} ({faults[-1]}).")


def _in_words(error: Exception) -> str:
    """The library's complaint; of files that differ their names, and not their digests as bytes."""
    text = str(error).strip() or type(error).__name__
    names = sorted(set(DIFFERS.findall(text)))
    return f"{', '.join(names)} is not what was signed" if names else text[:LONGEST]


@contextmanager
def _signature(written: bytes) -> Iterator[Path]:
    """The bytes that were read, where nobody changes them before the library reads them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SIGNATURE
        path.write_bytes(written)
        yield path


def _checks(keys: Sequence[Path], certificates: Sequence[Path]) -> Iterator[Callable[[Path, Path], None]]:
    try:
        from model_signing import verifying
    except ModuleNotFoundError:
        raise BadConfig(f'`trust.policy` is "signed": {install(EXTRA)}.') from None
    for key in (*keys, *certificates):
        if not key.is_file():
            raise BadConfig(f"`trust` names {key}, which is no file; write the path of a PEM file.")
    library: Any = verifying.Config
    for key in keys:
        with _of_config((key,), "public key"):
            check = library().use_elliptic_key_verifier(public_key=key).verify
        yield check
    if certificates:
        with _of_config(certificates, "certificate"):
            check = library().use_certificate_verifier(certificate_chain=certificates).verify
        yield check


@contextmanager
def _of_config(paths: Sequence[Path], kind: str) -> Iterator[None]:
    """What cannot be read there is no fault of the model's."""
    try:
        yield
    except ValueError:
        named = ", ".join(map(str, paths))
        raise BadConfig(f"`trust` names {named}, where there is no {kind}; write the path of a PEM file.") from None


def _signed(written: bytes) -> dict[str, str]:
    """Names and sums that the signature is about."""
    bundle: dict[str, Any] = json.loads(written)
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    resources = statement["predicate"]["resources"]
    return {each["name"]: each["digest"] for each in resources if each["algorithm"] == "sha256"}


def _compare(spec: ModelSpec, signed: dict[str, str]) -> None:
    for name, total in {TOML: spec.digest, **spec.files}.items():
        if signed.get(name) != total:
            raise BadModel(
                f"{spec.ref}: the signature is not about this {name}; sign the version again (docs/models.md)."
            )
