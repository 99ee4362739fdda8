"""The voices that callers keep: a file for each key, encrypted at rest. Must not know an API, or how a voice is heard.

Of a voice its name, its embedding and the model's version are kept, never its sound.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from gateway.config import VoicesConfig
from parley.errors import BadConfig, BadInput, NotFound, SwitchedOff
from parley.nearest import advice
from parley.v1.diarize_pb2 import DiarizeConfig, Voiceprint
from parley.v1.voices_pb2 import KeptVoice
from parley.wire.keys import Key

EVERYBODY = "everybody"  # whose voices they are where no keys are asked for


class VoiceFromAnotherModel(BadInput):
    """A kept voice that the version which would hear the stream cannot compare."""

    reason = "VOICE_FROM_ANOTHER_MODEL"


class VoicesOff(SwitchedOff):
    """The gateway has no secret to keep voices with."""

    reason = "VOICES_OFF"


@dataclass(frozen=True)
class Voice:
    """One voice as it is kept."""

    name: str
    model: str  # the version that made its embedding
    values: str  # the embedding, in hexadecimal digits
    added: str  # an ISO moment

    @property
    def shown(self) -> KeptVoice:
        """What its owner sees."""
        return KeptVoice(name=self.name, model=self.model, added=self.added)


class Voices:
    """Reads and writes a key's voices; several gateways may share the folder."""

    def __init__(self, config: VoicesConfig) -> None:
        self._folder, self._most = Path(config.folder), config.per_key
        self._cipher = _cipher(config.secret) if config.secret else None

    def of(self, key: Key) -> dict[str, Voice]:
        """Name -> voice, of this key; raises where none are kept here."""
        cipher, file = self._on(), self._file(key)
        try:
            found = json.loads(cipher.decrypt(file.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, InvalidToken, ValueError) as error:
            why = "it was encrypted with another secret" if isinstance(error, InvalidToken) else str(error)
            raise BadConfig(
                f"The voices in {file} cannot be read ({why}); write the old secret behind the new one in "
                "`voices.secret`, with a comma between, or remove the file."
            ) from None
        if found["key"] != file.stem:
            raise BadConfig(f"The voices in {file} are another key's; remove the file.")
        return {each["name"]: Voice(**each) for each in found["voices"]}

    def stamp(self, key: Key) -> str:
        """Changes whenever the key's voices do."""
        try:
            return str(self._file(key).stat().st_mtime_ns) if self._cipher else ""
        except OSError:
            return ""

    def check_room(self, key: Key, name: str) -> None:
        """Refuse a voice that could not be kept, before it is listened to."""
        if not name.strip():
            raise BadInput("A voice needs a `name`, which turns of it will carry.")
        if (kept := self.of(key)) and name not in kept and len(kept) >= self._most:
            raise BadInput(f"{len(kept)} voices are kept for this key, as many as may be; remove one first.")

    def add(self, key: Key, name: str, voiceprint: Voiceprint) -> Voice:
        """Keep a voice; one of the same name is replaced."""
        self.check_room(key, name)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        voice = Voice(name, voiceprint.model, voiceprint.values.hex(), now)
        self._write(key, (self.of(key) | {name: voice}).values())
        return voice

    def remove(self, key: Key, name: str) -> None:
        """Forget a voice."""
        kept = self.of(key)
        del kept[self._known(kept, name).name]
        self._write(key, kept.values())

    def count(self, key: str) -> int:
        """How many are kept for the key with this id; a file that cannot be read counts as one."""
        file = self._named(key)
        if not file.exists():
            return 0
        try:
            return len(json.loads(self._on().decrypt(file.read_bytes()))["voices"])
        except (VoicesOff, OSError, InvalidToken, ValueError):
            return 1

    def forget(self, key: str) -> int:
        """Removes all of them, also without the secret; how many they were."""
        found = self.count(key)
        try:
            self._named(key).unlink(missing_ok=True)
        except OSError as error:
            raise BadConfig(f"{self._named(key)} cannot be removed ({error.strerror}); remove it by hand.") from None
        return found

    def enrol(self, config: DiarizeConfig, key: Key, model: str) -> None:
        """Put the voices that a config names in their place; `model` is who will hear it, empty where nobody knows."""
        kept = self.of(key) if config.voices else {}
        for name in config.voices:
            voice = self._known(kept, name)
            if model and voice.model != model:
                raise VoiceFromAnotherModel(
                    f"The voice {name!r} was added with {voice.model}, and {model} would hear this stream, which "
                    "cannot compare it; add the voice again."
                )
            print_ = Voiceprint(model=voice.model, values=bytes.fromhex(voice.values))
            config.enrolments.add(name=name, voiceprint=print_)
        del config.voices[:]

    def _on(self) -> MultiFernet:
        if self._cipher is None:
            raise VoicesOff(
                "No voices are kept here: the gateway has no `voices.secret` to encrypt them with. `parley voices "
                "secret` makes one; give it to the gateway as PARLEY_VOICES__SECRET."
            )
        return self._cipher

    def _known(self, kept: dict[str, Voice], name: str) -> Voice:
        if name not in kept:
            raise NotFound(f"No voice {name!r} is kept for this key; {advice(name, kept, 'there are {}.')}")
        return kept[name]

    def _file(self, key: Key) -> Path:
        return self._named(key.id)

    def _named(self, key: str) -> Path:
        return self._folder / f"{key or EVERYBODY}.voices"

    def _write(self, key: Key, voices: Iterable[Voice]) -> None:
        """Atomically, readable by the gateway's account only."""
        file = self._file(key)
        text = json.dumps({"key": file.stem, "voices": [asdict(voice) for voice in voices]})
        new = file.with_name(f"{file.name}.new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(self._on().encrypt(text.encode()))
            new.replace(file)
        except OSError as error:
            raise BadConfig(
                f"Voices cannot be kept in {self._folder} ({error.strerror}); set `voices.folder`."
            ) from None


def _cipher(secret: str) -> MultiFernet:
    """The first encrypts; all of them decrypt."""
    try:
        return MultiFernet([Fernet(each.strip()) for each in secret.split(",")])
    except ValueError:
        raise BadConfig(
            "`voices.secret` is no secret of `parley voices secret`: 32 bytes in URL-safe base64."
        ) from None
