"""Who has an optional behaviour: by key, by header, by a share of the sessions, and as the file says now."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.access.features import Features
from gateway.access.flags import Asker, Flags, has
from gateway.caller import Caller
from gateway.config import FeaturesConfig, Flag
from parley.errors import BadConfig
from tests.fakes import Clock

HALF = Flag(percent=50)


def asker(session: str = "s", key: str = "", **headers: str) -> Asker:
    return Asker(session, key, headers)


def test_a_share_of_the_sessions_has_it_the_same_ones_each_time() -> None:
    """About half; more percent take none away; another feature has other sessions."""
    sessions = [str(n) for n in range(2000)]
    half = {each for each in sessions if has(HALF, "diarize", asker(each))}
    assert 900 < len(half) < 1100
    assert half == {each for each in sessions if has(HALF, "diarize", asker(each))}
    assert half < {each for each in sessions if has(Flag(percent=60), "diarize", asker(each))}
    assert half != {each for each in sessions if has(HALF, "translate", asker(each))}


@pytest.mark.parametrize(
    ("flag", "who", "wanted"),
    [
        (Flag(percent=0), asker(), False),
        (Flag(percent=100), asker(), True),
        (Flag(percent=0, keys=("ann",)), asker(key="ann"), True),
        (Flag(percent=0, keys=("ann",)), asker(key="bob"), False),
        (Flag(never=("bob",)), asker(key="bob"), False),
        (Flag(never=("bob",), keys=("bob",)), asker(key="bob"), False),
        (Flag(percent=0, header="parley-beta"), asker(**{"parley-beta": ""}), True),
        (Flag(percent=0, header="Parley-Beta: yes"), asker(**{"parley-beta": "yes"}), True),
        (Flag(percent=0, header="parley-beta: yes"), asker(**{"parley-beta": "no"}), False),
        (Flag(percent=0, header="parley-beta"), asker(), False),
    ],
)
def test_who_is_named_goes_before_the_share(flag: Flag, who: Asker, wanted: bool) -> None:
    """And who never has it before everything."""
    assert has(flag, "denoise", who) is wanted


def rewrite(file: Path, text: str) -> None:
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 1_000_000, before + 1_000_000))


def test_a_file_is_read_again_when_it_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bad one, or none any more, leaves the flags as they were and says why."""
    file, clock = tmp_path / "features.toml", Clock()
    file.write_text("[diarize]\npercent = 0\n")
    flags = Flags({}, file, clock)
    assert flags.of("diarize") == Flag(percent=0.0)
    rewrite(file, "[diarize]\npercent = 100\n[cache]\nkeys = ['ann']\n")
    assert flags.of("diarize") == Flag(percent=0.0)  # it is looked at each second
    clock.now += 1.1
    assert (flags.of("diarize"), flags.of("cache")) == (Flag(), Flag(keys=("ann",)))
    with caplog.at_level(logging.ERROR):
        rewrite(file, "[diarise]\n")
        clock.now += 1.1
        assert flags.of("cache") == Flag(keys=("ann",))
    assert "did you mean `diarize`?" in caplog.text
    file.unlink()
    clock.now += 1.1
    assert flags.of("cache") == Flag(keys=("ann",))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (FeaturesConfig(flags={"denoice": Flag()}), "did you mean `denoise`"),
        (FeaturesConfig(flags={"denoise": Flag(percent=101)}), "write 0 to 100"),
        (FeaturesConfig(provider="no.such:thing"), "gives no OpenFeature provider"),
        (FeaturesConfig(provider="no.such:thing", file="features.toml"), "leave one out"),
    ],
)
def test_what_makes_no_sense_does_not_start(config: FeaturesConfig, said: str) -> None:
    """The gateway says what would be right."""
    with pytest.raises(BadConfig, match=said):
        Features(config)


def test_without_flags_everybody_has_everything() -> None:
    """And nobody is asked."""
    here = Features(FeaturesConfig())
    assert (here.on("cache", Caller()), here.of(Caller(), "ann")) == (True, {})


def test_flags_are_asked_for_a_caller() -> None:
    """By the name of the key, the session, and the headers."""
    here = Features(FeaturesConfig(flags={"cache": Flag(percent=0, keys=("ann",), header="parley-beta")}))
    assert not here.on("cache", Caller(), "bob")
    assert here.on("cache", Caller(), "ann")
    assert here.on("cache", Caller({"parley-beta": "1"}), "bob")
    assert here.of(Caller(), "bob")["denoise"]  # it has no flag


def strange() -> Any:
    """A provider as others write them: it has one flag, and fails at another."""
    from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

    class Strange(InMemoryProvider):
        def resolve_boolean_details(self, flag_key: str, default_value: bool, evaluation_context: Any = None) -> Any:
            if flag_key == "diarize":
                raise RuntimeError("the network is away")
            assert set(evaluation_context.attributes) == {"key"}  # no header goes there
            return super().resolve_boolean_details(flag_key, default_value, evaluation_context)

    return Strange({"cache": InMemoryFlag("off", {"off": False, "on": True})})


def test_a_provider_of_others_is_asked_instead(caplog: pytest.LogCaptureFixture) -> None:
    """What it does not know is on; where it fails, too, and that is told."""
    here = Features(FeaturesConfig(provider=f"{__name__}:strange"))
    caller = Caller({"authorization": "Bearer secret", "parley-session": "a"})
    assert [here.on(each, caller, "ann") for each in ("cache", "denoise", "diarize")] == [False, True, True]
    assert "a feature flag cannot be read" in caplog.text
