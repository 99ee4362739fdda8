import json

from gateway.apis.openai.answers import StreamedTranscript, answer
from gateway.recordings import Transcription
from parley.v1.asr_pb2 import Transcript
from tests.gateway.conftest import final

HEARD = Transcription(
    3.25,
    finals=[
        final("alfa bravo", 0, 1500, ("alfa", "bravo")).transcript,
        final(" ", 1500, 2000).transcript,
        final("charlie --> delta", 3_600_250, 3_601_000, ("charlie",)).transcript,
    ],
)


def _said(shape: str, *granularities: str) -> str:
    return answer(HEARD, shape, granularities or ("segment",))[0]


def test_srt_counts_cues_and_skips_silence() -> None:
    """Numbers from 1, comma before the milliseconds, no cue without words, no arrow inside one."""
    assert _said("srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nalfa bravo\n\n2\n01:00:00,250 --> 01:00:01,000\ncharlie -> delta\n\n"
    )


def test_vtt_begins_with_its_name() -> None:
    """Point before the milliseconds."""
    assert _said("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nalfa bravo\n\n")


def test_text_is_the_bare_text() -> None:
    """One line."""
    assert _said("text") == "alfa bravo charlie --> delta\n"


def test_verbose_json_has_what_was_asked_for() -> None:
    """Segments by default, words where asked, both where both were."""
    told = json.loads(_said("verbose_json"))
    assert (told["task"], told["language"], told["duration"]) == ("transcribe", "en", 3.25)
    assert next((s["id"], s["start"], s["end"]) for s in told["segments"]) == (0, 0.0, 1.5)
    assert "words" not in told
    told = json.loads(_said("verbose_json", "word"))
    assert told["words"][0] == {"word": "alfa", "start": 0.0, "end": 1.5}
    assert "segments" not in told
    assert {"words", "segments"} <= set(json.loads(_said("verbose_json", "word", "segment")))


def _spoken(text: str, *speakers: str) -> Transcript:
    """A final whose words, one a second, have these speakers."""
    told = final(text, 0, 1000 * len(speakers), tuple(text.split())).transcript
    for n, (word, speaker) in enumerate(zip(told.words, speakers, strict=True)):
        word.speaker = speaker
        word.interval.start.FromSeconds(n)
        word.interval.end.FromSeconds(n + 1)
    told.speaker = speakers[0] if len(set(speakers)) == 1 else ""
    return told


def test_diarized_json_cuts_where_another_person_speaks() -> None:
    """Numbers become letters, known names stay, and times are those of the words."""
    heard = Transcription(
        5.0, finals=[_spoken("alfa bravo charlie", "1", "1", "27"), _spoken("delta", "Ann"), _spoken("")]
    )
    told = json.loads(answer(heard, "diarized_json", ())[0])
    assert [(each["speaker"], each["text"]) for each in told["segments"]] == [
        ("A", "alfa bravo"),
        ("AA", "charlie"),
        ("Ann", "delta"),
    ]
    assert [(each["id"], each["start"], each["end"]) for each in told["segments"]][:2] == [
        ("seg_0", 0.0, 2.0),
        ("seg_1", 2.0, 3.0),
    ]
    assert (told["task"], told["text"]) == ("transcribe", "alfa bravo charlie delta")


def test_deltas_are_the_text_and_done_says_it_once() -> None:
    """Put together the deltas are what `done` says; a silent final adds nothing."""
    telling = StreamedTranscript("json")
    events = [event for each in HEARD.finals for event in telling.more(each)]
    assert [event["type"] for event in events] == ["transcript.text.delta"] * 2
    assert "".join(str(event["delta"]) for event in events) == HEARD.text
    assert telling.done() == {"type": "transcript.text.done", "text": HEARD.text}


def test_streamed_segments_carry_the_id_of_their_deltas() -> None:
    """A client can tell which words a segment is made of."""
    telling = StreamedTranscript("diarized_json")
    events = [event for who in ("1", "2") for event in telling.more(_spoken("alfa bravo", "1", who))]
    deltas, segments = events[::2], events[1::2]
    assert (
        [event["segment_id"] for event in deltas] == [event["id"] for event in segments] == ["seg_0", "seg_1", "seg_2"]
    )
    assert "".join(str(event["delta"]) for event in deltas) == "alfa bravo alfa bravo"
    assert [event["speaker"] for event in segments] == ["A", "A", "B"]
