"""Which languages a model goes between, and by which way. Must not know text."""

from dataclasses import dataclass

from parley.engines.model import ModelSpec
from parley.errors import BadInput, BadModel
from parley.languages import advice
from services.translate.options import TranslateOptions


@dataclass(frozen=True)
class Languages:
    """A model's languages and pairs. One that declares none is asked for anything."""

    known: tuple[str, ...]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, spec: ModelSpec) -> "Languages":
        """From `languages` and options.pairs; without pairs, every language goes into every other."""
        every = [(source, target) for source in spec.languages for target in spec.languages if source != target]
        declared = TranslateOptions.of(spec).pairs
        pairs = frozenset(every if declared is None else declared)
        strange = sorted({language for pair in pairs for language in pair} - set(spec.languages))
        if strange:
            raise BadModel(f"{spec.ref}: options.pairs names {strange[0]!r}, which `languages` does not list.")
        return cls(spec.languages, pairs)

    def named(self, tag: str) -> str:
        """A BCP-47 tag as the model has it: whole, or without its region."""
        return tag if tag in self.known else tag.split("-")[0].lower()

    def way(self, source: str, target: str) -> tuple[str, ...] | None:
        """The languages to go through, the last one wanted: one step where there is a pair, else two; None: no way."""
        if source == target or not target:
            return ()
        if not self.known or (source, target) in self.pairs:
            return (target,)
        between = (b for b in self.known if (source, b) in self.pairs and (b, target) in self.pairs)
        return next(((b, target) for b in between), None)

    def ways(self) -> list[tuple[str, str]]:
        """Every two languages that there is a way between."""
        every = ((source, target) for source in self.known for target in self.known if source != target)
        return [(source, target) for source, target in every if self.way(source, target)]

    def sources(self, target: str) -> tuple[str, ...]:
        """What can be brought into a language, itself included."""
        return tuple(source for source in self.known if self.way(source, target) is not None)

    def check(self, source: str, target: str) -> None:
        """Refuse what there is no way for. An empty source is to be found out."""
        for language in filter(None, (source, target)):
            if self.known and language not in self.known:
                raise BadInput(f"The model does not know the language {language!r}; {advice(language, self.known)}")
        if source and self.way(source, target) is None:
            pairs = ", ".join(f"{a}-{b}" for a, b in sorted(self.pairs))
            raise BadInput(f"The model does not go from {source} to {target}; it has {pairs}.")


ANY_LANGUAGES = Languages((), frozenset())  # of a model that declares none
