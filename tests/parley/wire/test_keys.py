"""Keys on paper."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parley.errors import BadConfig
from parley.wire.keys import ADMIN, NOBODY, OPERATOR, id_of, make, read, write


def test_what_is_kept_is_not_the_key(tmp_path: Path) -> None:
    """The file has no secret, is the owner's alone, and gives the key back as it was written."""
    text, key = make("ann", ["use"], datetime.now(UTC) + timedelta(days=1))
    file = tmp_path / "keys.json"
    write(file, [key])
    assert text.split("_", 2)[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read(file) == {id_of(text): key}


def test_a_key_knows_its_own() -> None:
    """Only the very text is it."""
    text, key = make("ann", ["use"])
    assert key.is_of(text)
    assert not key.is_of(text[:-1])
    assert not key.is_of(make("ann", ["use"])[0])


@pytest.mark.parametrize("text", ["", "pk_", "sk-abc", "pk_only", "x_y_z"])
def test_what_is_no_key_has_no_id(text: str) -> None:
    """Other people's keys are not ours."""
    assert id_of(text) == ""


def test_scopes_say_what_it_is_for() -> None:
    """`use` is every stage and no administration; a stage's name is that stage."""
    use, asr, admin = (make("n", [scope])[1] for scope in ("use", "asr", "admin"))
    assert (use.may("asr"), use.may(ADMIN)) == (True, False)
    assert (asr.may("asr"), asr.may("denoise")) == (True, False)
    assert (admin.may(ADMIN), admin.may("asr")) == (True, False)
    assert OPERATOR.may(ADMIN)
    assert not NOBODY.may(ADMIN)


def test_it_expires() -> None:
    """Good until the moment, not after it."""
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    _, key = make("ann", ["use"], moment)
    assert not key.has_expired(moment - timedelta(seconds=1))
    assert key.has_expired(moment)


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"id": "1"}]', '[{"id":"1","name":"a","hash":"h","scopes":[],"expires":"soon"}]']
)
def test_a_file_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    """A broken file is named, with the command that makes a good one."""
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(BadConfig, match="parley keys add"):
        read(file)
