"""Sentences -> translations by a model that runs elsewhere, or by one here where that fails. Must not know streams.

Never silent: what the model did not translate says why, and which one did instead, or that none could.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parley.engines.model import ModelSpec
from parley.engines.protocols import Chat, ChatMessage, Engine
from parley.errors import AnswerUnusable, DeadlinePassed, ParleyError, RateLimited, Unavailable
from parley.languages import NAMES
from parley.v1.translate_pb2 import Translation
from services.translate.hearing import hear
from services.translate.languages import Languages
from services.translate.llm import checks, prompt
from services.translate.llm.circuit import Circuit
from services.translate.options import TranslateOptions
from services.translate.phrases import Phrases
from services.translate.sentence import Instead, Sentence, Translated
from services.translate.session import TranslateRequestOptions, TranslateSession

log = logging.getLogger(__name__)
LOOK_S = 1.0  # the longest that it takes to see whether a server is well again
TRIES = 2  # of a sentence, where the first answer is no translation
ENOUGH_S = 0.3  # that must be left for a second one
STANDS_ALONE = "The source text stands alone."


@dataclass(frozen=True)
class LocalModel:
    """Who translates what the model does not."""

    spec: ModelSpec
    engine: Engine[Sentence, Translated]

    @property
    def languages(self) -> Languages:
        """What it goes between."""
        return Languages.of(self.spec)

    def translate(self, job: Sentence, source: str) -> str:
        """As a stream of its own would: in pieces that it can bear, with numbers, dates and phrases that stand."""
        phrases = Phrases(dict.fromkeys(job.keep, ""))
        session = TranslateSession(TranslateRequestOptions.of(self.spec, source, job.target, phrases))
        said = [*session.feed(job.text), *session.finish()]
        while (next_ := session.next_job()) is not None:
            said += session.absorb(*self.engine.run([next_]))
        return "".join(event.text for event in said if isinstance(event, Translation))


class LlmEngine:
    """Asks the chat model, looks at what it answers, and falls back."""

    def __init__(
        self, chat: Chat, languages: Languages, options: TranslateOptions, circuit: Circuit, local: LocalModel | None
    ) -> None:
        self._chat, self._circuit, self._local = chat, circuit, local
        self._languages, self._options = languages, options
        self.at_once = options.at_once

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        """One translation a sentence. What has no letters, or is in the wanted language, stays as it is."""
        return [self._one(job) for job in jobs]

    def _one(self, job: Sentence) -> Translated:
        heard = hear(job, self._languages)
        as_it_is = Translated(job.text, heard.language, heard.confidence)
        if not any(map(str.isalpha, job.text)) or not self._languages.way(heard.language, job.target):
            return as_it_is
        try:
            if job.by_fallback:
                raise AnswerUnusable("It has failed at the sentence that this is a part of.")
            return replace(as_it_is, text=self._asked(job, heard.language))
        except ParleyError as error:
            return self._instead(job, as_it_is, error)

    def _asked(self, job: Sentence, source: str) -> str:
        """An answer that can be a translation, by the deadline."""
        until = time.monotonic() + self._options.deadline_s
        self._circuit.pass_(lambda: self._chat.check(min(LOOK_S, self._options.deadline_s)))
        question, fault = prompt.messages(job, source, self._options.instructions), ""
        asked = question
        for _ in range(TRIES):
            left_s = until - time.monotonic()
            if fault and left_s < ENOUGH_S:
                break
            answer = self._said(asked, checks.longest(job.text), max(left_s, 0.001))
            fault = checks.fault(job, source, answer)
            if not fault:
                return answer
            log.info("an answer is no translation", extra={"fault": fault})
            asked = prompt.again(question, answer, fault)
        raise AnswerUnusable(f"What the model answered is no translation: {fault}.")

    def _said(self, asked: Sequence[ChatMessage], longest: int, within_s: float) -> str:
        """One answer; the circuit learns whether there was one."""
        try:
            answer = prompt.plain(self._chat.say(asked, longest, within_s))
        except RateLimited as error:
            self._circuit.rest(error.retry_s or LOOK_S)
            raise
        except AnswerUnusable:
            self._circuit.worked()
            raise
        except (DeadlinePassed, Unavailable):
            self._circuit.failed()
            raise
        self._circuit.worked()
        return answer

    def _instead(self, job: Sentence, as_it_is: Translated, error: ParleyError) -> Translated:
        if not job.by_fallback:
            log.warning("the model did not translate", extra={"reason": error.reason, "why": str(error)})
        why = str(error)[:1].upper() + str(error)[1:]
        if self._local is None:
            told = f"{why} No other model is named as its `fallback`. {STANDS_ALONE}"
            return replace(as_it_is, text="", instead=Instead(error.reason, told))
        source = as_it_is.source
        if self._local.languages.way(source, job.target) is None:
            ways = " to ".join(NAMES.get(tag, tag) or "a language that is not known" for tag in (source, job.target))
            told = f"{why} {self._local.spec.ref} does not go from {ways}. {STANDS_ALONE}"
            return replace(as_it_is, text="", instead=Instead(error.reason, told))
        told = f"{why} {self._local.spec.ref} translates instead."
        text = self._local.translate(job, source)
        return replace(as_it_is, text=text, instead=Instead(error.reason, told, str(self._local.spec.ref)))
