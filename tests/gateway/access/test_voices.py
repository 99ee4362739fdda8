"""Voices as they are kept: whose, how, and by whom they can be read."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from gateway.access.voices import VoiceFromAnotherModel, Voices, VoicesOff
from gateway.config import VoicesConfig
from parley.errors import BadConfig, BadInput, NotFound
from parley.v1.diarize_pb2 import DiarizeConfig, Voiceprint
from parley.wire.keys import NOBODY, make

ANN, BOB = make("ann", ["use"])[1], make("bob", ["use"])[1]
PRINT = Voiceprint(model="voice@1", values=b"\x00\x01\x02\x03")
SECRET, OTHER = (Fernet.generate_key().decode() for _ in range(2))


def voices(folder: Path, secret: str = SECRET, per_key: int = 100) -> Voices:
    return Voices(VoicesConfig(secret=secret, folder=str(folder), per_key=per_key))


def test_each_key_has_its_own(tmp_path: Path) -> None:
    """Another gateway finds them again; another key, or nobody, does not."""
    voices(tmp_path).add(ANN, "Ada", PRINT)
    assert list(voices(tmp_path).of(ANN)) == ["Ada"]
    assert voices(tmp_path).of(BOB) == voices(tmp_path).of(NOBODY) == {}


def test_nothing_can_be_read_without_the_secret(tmp_path: Path) -> None:
    """Neither names nor embeddings; the file is its owner's alone, and another secret is refused with a way out."""
    voices(tmp_path).add(ANN, "Ada", PRINT)
    (file,) = tmp_path.iterdir()
    assert not any(part in file.read_bytes() for part in (b"Ada", b"voice@1", PRINT.values.hex().encode()))
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(BadConfig, match="another secret"):
        voices(tmp_path, OTHER).of(ANN)
    assert list(voices(tmp_path, f"{OTHER},{SECRET}").of(ANN)) == ["Ada"]


def test_a_file_that_was_moved_to_another_key_is_refused(tmp_path: Path) -> None:
    """Who can write the folder cannot give one key another's voices."""
    voices(tmp_path).add(ANN, "Ada", PRINT)
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / f"{BOB.id}.voices")
    with pytest.raises(BadConfig, match="another key"):
        voices(tmp_path).of(BOB)


def test_a_secret_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    """And without one nothing is kept, and the error says what to do."""
    with pytest.raises(BadConfig, match="voices secret"):
        voices(tmp_path, "hunter2")
    with pytest.raises(VoicesOff, match="PARLEY_VOICES__SECRET"):
        voices(tmp_path, "").add(ANN, "Ada", PRINT)
    assert not list(tmp_path.iterdir())


def test_there_are_only_so_many(tmp_path: Path) -> None:
    """One that is there may be replaced, and one that went makes room."""
    kept = voices(tmp_path, per_key=1)
    kept.add(ANN, "Ada", PRINT)
    kept.add(ANN, "Ada", PRINT)
    with pytest.raises(BadInput, match="remove one"):
        kept.add(ANN, "Eve", PRINT)
    with pytest.raises(BadInput, match="name"):
        kept.add(BOB, " ", PRINT)
    kept.remove(ANN, "Ada")
    kept.add(ANN, "Eve", PRINT)
    assert list(kept.of(ANN)) == ["Eve"]


def test_a_config_gets_the_voices_that_it_names(tmp_path: Path) -> None:
    """Those and no others; of a name or a version that does not fit it is told."""
    kept = voices(tmp_path)
    kept.add(ANN, "Ada", PRINT)
    kept.add(ANN, "Eve", PRINT)
    config = DiarizeConfig(voices=["Ada"])
    kept.enrol(config, ANN, "voice@1")
    assert [(each.name, each.voiceprint) for each in config.enrolments] == [("Ada", PRINT)]
    assert not config.voices
    with pytest.raises(NotFound, match="Ada"):
        kept.enrol(DiarizeConfig(voices=["Adam"]), ANN, "voice@1")
    with pytest.raises(NotFound):
        kept.remove(BOB, "Ada")
    with pytest.raises(VoiceFromAnotherModel, match="add the voice again"):
        kept.enrol(DiarizeConfig(voices=["Ada"]), ANN, "voice@2")


def test_a_config_without_voices_needs_no_secret(tmp_path: Path) -> None:
    """Where none are kept streams are as ever."""
    voices(tmp_path, "").enrol(DiarizeConfig(), ANN, "voice@1")
