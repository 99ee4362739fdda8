"""Festival as a child process, one utterance a run: only the evaluation's unseen voice needs it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from models.recipes import sound
from models.recipes.asr.speech import Speech, Voice, trimmed


class Festival:
    """Slow to start, so many texts may go through one run."""

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak."""
        return self.say_all([" ".join(words)], voice)[0]

    def say_all(self, texts: Sequence[str], voice: Voice) -> list[Speech]:
        """Speak every text; phones and words are not read back."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.wav" for number in range(len(texts))]
            script = "\n".join([f"(voice_{voice.name})", *map(_save, texts, paths)])
            subprocess.run(["festival", "--pipe"], input=script, text=True, check=True, capture_output=True)
            return [trimmed(Speech(sound.read(path))) for path in paths]


def _save(text: str, path: Path) -> str:
    plain = text.replace("\\", "").replace('"', "")
    return f'(utt.save.wave (utt.synth (Utterance Text "{plain}")) "{path}" \'riff)'
