"""What a pipeline said about one file, gathered. Must not know the network or the screen."""

from bisect import insort
from collections.abc import Mapping
from typing import Any

from parley.cli.show.display import text_of, translated
from parley.cli.show.printing import plain, times


class SpeakerTurns:
    """Who spoke when, with every revision applied."""

    def __init__(self) -> None:
        self._turns: dict[str, Any] = {}

    def add(self, turn: Any) -> None:
        """A turn has ended."""
        self._turns[turn.id] = turn

    def revise(self, revision: Any) -> None:
        """Earlier turns are told anew."""
        if revision.is_whole:
            self._turns.clear()
        for gone in revision.withdrawn_ids:
            self._turns.pop(gone, None)
        for turn in revision.turns:
            self.add(turn)

    def in_order(self) -> list[Any]:
        """By time."""
        return sorted(self._turns.values(), key=lambda turn: turn.interval.start.ToTimedelta())

    def as_json(self) -> list[dict[str, Any]]:
        """The same, as plain values."""
        return [{"speaker": turn.speaker, **times(turn.interval)} for turn in self.in_order()]


class Document:
    """One file's answers."""

    def __init__(self, file: str, duration_s: float) -> None:
        self.file, self.duration_s = file, duration_s
        self.models: Mapping[str, str] = {}
        self.finals: list[Any] = []
        self.translations: list[Any] = []
        self.notices: list[Any] = []
        self.stage_events: list[Any] = []  # of stages that were added by --with
        self.turns = SpeakerTurns()

    def hear(self, answer: Any) -> None:
        """One answer of the pipeline."""
        kind = answer.WhichOneof("event")
        if kind == "opened":
            self.models = dict(answer.opened.models)
        elif kind == "transcript" and answer.transcript.is_final:
            insort(self.finals, answer.transcript, key=_start)  # channels take turns as they please
        elif kind == "turn":
            self.turns.add(answer.turn)
        elif kind == "revision":
            self.turns.revise(answer.revision)
        elif kind == "translation":
            self.translations.append(answer.translation)
        elif kind == "notice":
            self.notices.append(answer.notice)
        elif kind == "stage_event":
            self.stage_events.append(answer.stage_event)

    def lines(self) -> list[str]:
        """For people: each final, and below it its translations."""
        below: dict[tuple[int, str], list[str]] = {}
        for each in self.translations:
            below.setdefault(_place(each), []).append(translated(each))
        lines: list[str] = []
        for final in self.finals:
            lines += [text_of(final), *below.pop(_place(final), [])]
        return lines + [line for rest in below.values() for line in rest]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": self.file,
            "duration_s": round(self.duration_s, 3),
            "models": self.models,
            "text": " ".join(text for final in self.finals if (text := final.text.strip())),
            "segments": [_segment(final) for final in self.finals],
            "translations": [_translation(each) for each in self.translations],
            "turns": self.turns.as_json(),
            "notices": [{"stage": n.stage, "reason": n.reason, "message": n.message} for n in self.notices],
        } | ({"stage_events": list(map(plain, self.stage_events))} if self.stage_events else {})


def _start(event: Any) -> int:
    return int(event.interval.start.ToNanoseconds())


def _place(event: Any) -> tuple[int, str]:
    return _start(event), event.track


def _segment(final: Any) -> dict[str, Any]:
    words = [{"text": word.text, **times(word.interval), "speaker": word.speaker} for word in final.words]
    language = {"language": final.language, "speaker": final.speaker}
    return {"text": final.text.strip(), **times(final.interval), **language, "words": words}


def _translation(each: Any) -> dict[str, Any]:
    facts = {"language": each.target_language, "text": each.text.strip(), "speaker": each.speaker}
    return {**facts, **times(each.interval), "source_text": each.source_text.strip()}
