"""What a pipeline's config asks for: checked, and cut into one config a stream. Pure."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from gateway.audio.time_scale import Scale
from gateway.config import LARGEST_CHUNK, Keep
from gateway.pipeline.redaction import NAME, Redaction
from gateway.pipeline.tail import NOTHING, SoundTail, TextTail
from parley.audio.media import MOST_CHANNELS
from parley.errors import BadInput, ChunkTooLarge, FieldInvalid, PartialSample, UnsupportedFormat
from parley.nearest import advice
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig
from parley.v1.translate_pb2 import TranslateConfig
from parley.wire import protocol, rules
from parley.wire.pipeline import FIELDS, configs_of
from parley.wire.stages import STAGES, StageContract

UNSET, CLIENT = DenoiseFor.DENOISE_FOR_UNSPECIFIED, DenoiseFor.DENOISE_FOR_CLIENT
LISTENERS_ALONE, BOTH = DenoiseFor.DENOISE_FOR_LISTENERS, DenoiseFor.DENOISE_FOR_BOTH
NAMES = "translate/names"  # the alias of what finds names
MORE = 3  # times as much as of live sound is kept of a recording: several windows of it are heard at a time


@dataclass(frozen=True)
class StageRequest:
    """One stream to a stage, and the config that the client wrote for it."""

    stage: StageContract
    config: Message
    alias: str = ""  # where it is not the stage's default, nor what the client asks for


def asked(config: PipelineConfig) -> list[StageRequest]:
    """Every stream that a pipeline needs, in the order in which sound passes them."""
    return sorted((StageRequest(*each) for each in configs_of(config)), key=_place)


def _place(each: StageRequest) -> tuple[int, bool]:
    """By role; of one role, those that the proto puts first."""
    return each.stage.traits.role, not each.stage.traits.first


def pinned(config: PipelineConfig, metadata: Mapping[str, str]) -> Mapping[str, str]:
    """A header that names a model without its stage means the only stage that runs."""
    if not (model := metadata.get(protocol.MODEL)):
        return metadata
    names = list(dict.fromkeys(each.stage.name for each in asked(config)))
    if len(names) > 1:
        raise BadInput(f"`{protocol.MODEL}` could mean {' or '.join(names)}; send `{protocol.MODEL}-{names[0]}`.")
    return {**metadata, **{f"{protocol.MODEL}-{name}": model for name in names}}


def hide(config: PipelineConfig, kinds: Sequence[str], aliases: Container[str] | None = None) -> None:
    """Adds what no caller's words may show; raises where names are among it and, by the aliases, nothing finds them."""
    if any(each.stage.gives_words for each in asked(config)):
        config.redact.extend(kind for kind in dict.fromkeys(kinds) if kind not in config.redact)
    if NAME in config.redact and aliases is not None and NAMES not in aliases:
        how = f"pull or add a model that does, load it, and set the route {NAMES} (docs/redaction.md)"
        raise FieldInvalid(f"`redact` has {NAME!r}, and nothing finds names here: {how}.", field="redact")


class Plan:
    """A checked config, cut into one request stream a stage."""

    def __init__(self, config: PipelineConfig) -> None:
        rules.check_known(config)
        self.config = config
        self.scale = Scale.of(config.format)
        self.asked = asked(config)
        self.redaction = Redaction(config.redact, keep_words=self._wants_words()) if config.redact else None
        self.to_client = config.denoise_for in ((CLIENT, BOTH) if config.listen_to else (UNSET, CLIENT, BOTH))
        self.to_listeners = bool(config.listen_to) or config.denoise_for in (LISTENERS_ALONE, BOTH)
        self.open_turns = any(getattr(each.config, "open_turns", False) for each in self.asked)
        self._check()
        if self.redaction and self.redaction.finds_names:
            self.asked.append(StageRequest(STAGES["translate"], TranslateConfig(find_names=True), NAMES))

    def _check(self) -> None:
        """Refuses configs that contradict themselves."""
        rules.check(self.config)
        hearing = [each for each in self.asked if not each.stage.is_rewriter]
        if not hearing:
            names = [stage.name for stage in STAGES.values() if not stage.is_rewriter]
            raise BadInput(f"A pipeline needs at least one of {_or(names, 'and')}.")
        for each in self.asked:
            if each.stage.name not in FIELDS:  # else it has been looked at with the whole
                rules.check_known(each.config, each.stage.name)
                rules.check(each.config)
        self._check_once()
        if any(_has(each.config, "format") for each in hearing):
            raise BadInput("The format is the pipeline's; leave a stage's own format out.")
        self._check_channels()
        self._check_models()
        self._check_redaction()
        self._check_track()
        if self.config.denoise_for and not any(each.stage.is_filter for each in self.asked):
            raise BadInput(
                "`denoise_for` says where filtered sound goes; ask for a filter, e.g. denoise, or leave it out."
            )

    def _check_once(self) -> None:
        """One stream a stage, but of rewriters; and one stage that each of the others can rely on."""
        names = [each.stage.name for each in self.asked if not each.stage.is_rewriter]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise BadInput(f"{twice[0]} is asked for twice; ask once.")
        for what, givers in (("words", self._names("gives_words")), ("speakers", self._names("gives_turns"))):
            if len(givers) > 1:
                raise BadInput(f"{' and '.join(givers)} would both give {what}; ask for one of them.")
        if self._names("is_rewriter") and not self._names("gives_words"):
            words = _or([stage.name for stage in STAGES.values() if stage.gives_words], "or")
            raise BadInput(f"Translating needs words: ask for {words} too.")

    def _names(self, trait: str) -> list[str]:
        return [each.stage.name for each in self.asked if getattr(each.stage, trait)]

    def _check_channels(self) -> None:
        config, count = self.config, self.config.format.channels
        if any(getattr(each.config, "per_channel", False) for each in self.asked):
            raise BadInput("In a pipeline every stage hears the same: set the pipeline's own per_channel.")
        if config.per_channel and count > MOST_CHANNELS:
            raise UnsupportedFormat(f"{count} channels are not taken; send 1 to {MOST_CHANNELS}.")
        if config.per_channel and (turns := self._names("gives_turns")):
            raise BadInput(f"With per_channel each channel is one speaker; leave {turns[0]} out.")
        if (filters := self._names("is_filter")) and count > 1 and not config.per_channel:
            raise UnsupportedFormat(
                f"{filters[0]} in a pipeline takes one channel; set per_channel, or mix them first."
            )

    def _check_models(self) -> None:
        names = list(dict.fromkeys(each.stage.name for each in self.asked))
        for stage in self.config.models:
            if stage not in STAGES:
                raise BadInput(f"`models` names the stage {stage!r}; {advice(stage, STAGES, 'there are {}.')}")
            if stage not in names:
                raise BadInput(
                    f"`models` names {stage}, which does not run; ask for it, or name one of {', '.join(names)}."
                )

    def _check_redaction(self) -> None:
        if self.config.redact and not self._names("gives_words"):
            raise BadInput("`redact` is of words; ask for asr too, or leave it out.")
        if self.config.redact and self.config.asr.tokens:
            raise BadInput("Tokens would show what `redact` hides; leave one of the two out.")
        if any(each.find_names for each in self.config.translate):
            raise BadInput("In a pipeline names are found in order to be hidden: say `name` in `redact`.")
        if self.config.redact_sound:
            self._check_redacted_sound()

    def _check_redacted_sound(self) -> None:
        if not self.config.redact:
            raise BadInput("`redact_sound` is of what `redact` finds; name kinds there, or leave it out.")
        filtered = self.to_client and self._names("is_filter")
        if not (filtered or any(getattr(each.config, "others", False) for each in self.asked)):
            raise BadInput("`redact_sound` is of sound that comes back; ask for it, e.g. by denoise, or leave it out.")
        for each in self.asked:
            says_when = {"word_times", "report_heard"}.issubset(each.config.DESCRIPTOR.fields_by_name)
            if each.stage.gives_words and not says_when:
                raise BadInput(f"{each.stage.name} cannot say when its words were said; leave `redact_sound` out.")

    def _wants_words(self) -> bool:
        """Whether finals are to have words, other than to find out when something was said."""
        return not self.config.redact_sound or self.config.asr.word_times

    def _check_track(self) -> None:
        if not (wanted := self.config.listen_to):
            return
        givers = [each for each in self.asked if each.stage.gives_tracks]
        if not givers:
            names = [stage.name for stage in STAGES.values() if stage.gives_tracks]
            raise BadInput(f"`listen_to` names a track; ask for {_or(names, 'or')}, which gives it, or leave it out.")
        for each in givers:
            if (track := getattr(each.config, "track", "")) not in ("", wanted):
                raise BadInput(f"`listen_to` is {wanted!r}, and {each.stage.name} gives {track!r}; ask for one track.")

    def config_of(self, each: StageRequest) -> Message:
        """What a stream begins with."""
        config: Any = type(each.config)()
        config.CopyFrom(each.config)
        if self.config.listen_to and each.stage.gives_tracks:
            config.track = self.config.listen_to
        if "format" in config.DESCRIPTOR.fields_by_name:
            config.format.CopyFrom(self.config.format)
        if "open_turns" in config.DESCRIPTOR.fields_by_name:
            config.open_turns = True  # words need their speaker before the turn ends
        if self.config.redact_sound and each.stage.gives_words:
            config.word_times = config.report_heard = True
        return config  # type: ignore[no-any-return]

    def tail(self, each: StageRequest, keep: Keep) -> SoundTail | TextTail:
        """What a stream is sent through; only what is replayed is kept."""
        config = self.config_of(each)
        if each.stage.is_rewriter:
            return TextTail(each.stage.request, config)
        kept = keep if each.stage.traits.replays else NOTHING
        if kept.bytes and getattr(config, "recording", False):
            # It comes at once and is answered when there is time: only its size has a bound.
            kept = Keep(MORE * keep.bytes, math.inf)
        return SoundTail(each.stage.request, config, self.scale, kept)

    def model(self, each: StageRequest) -> str:
        """The alias or version that was asked for; empty: the default."""
        return each.alias or self.config.models.get(each.stage.name, "")

    def pieces(self, data: bytes) -> Sequence[bytes]:
        """Small pieces let every stage hear a long chunk soon. Samples stay whole."""
        if len(data) > LARGEST_CHUNK:
            raise ChunkTooLarge(f"A chunk of {len(data)} bytes is too large; send at most {LARGEST_CHUNK} at once.")
        frame = self.scale.frame_bytes
        if len(data) % frame:
            raise PartialSample(f"{len(data)} bytes are not whole samples of {frame} bytes; cut between samples.")
        size = self.scale.piece
        return [data] if 0 < len(data) <= size else [data[at : at + size] for at in range(0, len(data), size)]


def _has(config: Message, field: str) -> bool:
    return field in config.DESCRIPTOR.fields_by_name and config.HasField(field)


def _or(names: list[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
