"""Which versions may be loaded: the policy, and signatures over the very bytes that are loaded."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from parley.engines import trust
from parley.engines.model import ModelSpec, read_spec
from parley.engines.trust import TrustConfig
from parley.errors import BadConfig, BadModel

HEAD = 'name = "a"\nversion = "1"\nstage = "denoise"\nbackend = "onnx"\n'


def version(folder: Path, said: str = "") -> ModelSpec:
    folder.mkdir(exist_ok=True)
    (folder / "a.onnx").write_bytes(b"weights")
    total = hashlib.sha256(b"weights").hexdigest()
    source = f'[source]\ntrust = "{said}"\n' if said else ""
    (folder / "model.toml").write_text(f'{HEAD}{source}[files]\n"a.onnx" = "{total}"\n')
    return read_spec(folder)


def test_open_takes_what_lies_there(tmp_path: Path) -> None:
    """It is the default; the bytes must be the declared ones all the same."""
    trust.check(version(tmp_path / "a"), TrustConfig())


def test_pinned_takes_what_was_known_before(tmp_path: Path) -> None:
    """And what ships with Parley; not what was believed when it came first, nor what nobody said anything about."""
    pinned = TrustConfig(policy="pinned")
    trust.check(version(tmp_path / "a", "pinned"), pinned)
    trust.check(version(tmp_path / "b"), pinned, ships=True)
    for said in ("", "first-use", "surely"):
        with pytest.raises(BadModel, match=r"was believed when it came first"):
            trust.check(version(tmp_path / "c", said), pinned)


@pytest.mark.parametrize(
    ("license_", "good"),
    [
        ("MIT", True),
        ("mit", True),
        ("CC-BY-NC-4.0", False),
        ("MIT AND Apache-2.0", True),
        ("MIT AND CC-BY-NC-4.0", False),
        ("CC-BY-NC-4.0 OR MIT", True),
        ("", False),
    ],
)
def test_only_listed_terms_are_taken(tmp_path: Path, license_: str, good: bool) -> None:
    """Of several that hold together all; what ships is not asked, and without a list nothing is."""
    spec = replace(version(tmp_path / "a"), license=license_)
    listed = TrustConfig(licenses=("MIT", "Apache-2.0"))
    trust.check(spec, TrustConfig())
    trust.check(spec, listed, ships=True)
    if good:
        trust.check(spec, listed)
        return
    with pytest.raises(BadModel, match=r"and `trust\.licenses` lists MIT, Apache-2\.0; take another model"):
        trust.check(spec, listed)


def test_signed_needs_somebody_whose_signature_counts() -> None:
    """Said when the config is read."""
    with pytest.raises(BadConfig, match="name whose signatures count"):
        TrustConfig(policy="signed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs of keys."""
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    pytest.importorskip("model_signing")
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        key, plain = ec.generate_private_key(ec.SECP256R1()), serialization.NoEncryption()
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        (folder / f"{name}.key").write_bytes(key.private_bytes(pem, form, plain))
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.pem").write_bytes(public)
    return folder


def signed(spec: ModelSpec, key: Path) -> ModelSpec:
    """As docs/models.md says."""
    words = (sys.executable, "-m", "model_signing", "sign", "key", "--private_key", str(key))
    subprocess.run((*words, "--signature", str(spec.folder / "model.sig"), str(spec.folder)), check=True)
    return read_spec(spec.folder)


def test_what_is_signed_is_loaded(tmp_path: Path, keys: Path) -> None:
    """By one of those who count."""
    spec = signed(version(tmp_path / "a"), keys / "ours.key")
    trust.check(spec, TrustConfig(policy="signed", keys=(keys / "theirs.pem", keys / "ours.pem")))
    assert trust.of(spec) == "signed"


def test_what_is_not_signed_is_refused(tmp_path: Path, keys: Path) -> None:
    """Not at all, by others, or before it was changed: each in one sentence."""
    ours = TrustConfig(policy="signed", keys=(keys / "ours.pem",))
    with pytest.raises(BadModel, match=r"is not signed: .* has no model\.sig; sign it"):
        trust.check(version(tmp_path / "a"), ours)
    with pytest.raises(BadModel, match="nobody who is trusted has signed"):
        trust.check(signed(version(tmp_path / "b"), keys / "theirs.key"), ours)
    changed = signed(version(tmp_path / "c"), keys / "ours.key")
    (changed.folder / "a.onnx").write_bytes(b"Weights")
    with pytest.raises(BadModel, match=r"nobody who is trusted has signed .* \(a\.onnx is not what was signed\)"):
        trust.check(changed, ours)
    (changed.folder / "model.sig").write_text("{}")
    with pytest.raises(BadModel, match="nobody who is trusted has signed"):
        trust.check(changed, ours)


def test_the_signature_is_about_the_bytes_that_are_loaded(tmp_path: Path, keys: Path) -> None:
    """A model.toml that was read before the signed one was put back declares other sums: it is not loaded."""
    spec = signed(version(tmp_path / "a"), keys / "ours.key")
    ours = TrustConfig(policy="signed", keys=(keys / "ours.pem",))
    for other in (replace(spec, files={"a.onnx": "0" * 64}), replace(spec, digest="0" * 64)):
        with pytest.raises(BadModel, match="the signature is not about this"):
            trust.check(other, ours)


def test_a_key_that_is_not_there_is_named(tmp_path: Path, keys: Path) -> None:
    """Before anything is believed."""
    spec = signed(version(tmp_path / "a"), keys / "ours.key")
    with pytest.raises(BadConfig, match="which is no file"):
        trust.check(spec, TrustConfig(policy="signed", keys=(keys / "nobody.pem",)))


def test_what_is_no_key_is_named(tmp_path: Path, keys: Path) -> None:
    """A private key where a public one or a certificate is wanted."""
    spec = signed(version(tmp_path / "a"), keys / "ours.key")
    wrong = (keys / "ours.key",)
    for config in (TrustConfig(policy="signed", keys=wrong), TrustConfig(policy="signed", certificates=wrong)):
        with pytest.raises(BadConfig, match=r"ours\.key, where there is no (public key|certificate); write the path"):
            trust.check(spec, config)


CERTIFICATES = """
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Example's models" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout root.key -out root.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=Ada" -keyout ada.key -out ada.csr
printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' > ada.ext
openssl x509 -req -in ada.csr -CA root.pem -CAkey root.key -CAcreateserial -days 365 -extfile ada.ext -out ada.pem
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root, and what it has certified: as docs/models.md says."""
    pytest.importorskip("model_signing")
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(("sh", "-c", CERTIFICATES), cwd=folder, check=True, capture_output=True)
    return folder


def test_who_is_certified_may_sign(tmp_path: Path, authority: Path) -> None:
    """Under a root that is named, and under no other."""
    spec = version(tmp_path / "a")
    words = (sys.executable, "-m", "model_signing", "sign", "certificate", "--private_key", "ada.key")
    chain = ("--signing_certificate", "ada.pem", "--certificate_chain", "root.pem")
    where = ("--signature", str(spec.folder / "model.sig"), str(spec.folder))
    subprocess.run((*words, *chain, *where), cwd=authority, check=True)
    trust.check(spec, TrustConfig(policy="signed", certificates=(authority / "root.pem",)))
    with pytest.raises(BadModel, match="nobody who is trusted has signed"):
        trust.check(spec, TrustConfig(policy="signed", certificates=(authority / "ada.pem",)))
