"""Our own text of Riva's contract against the descriptors that its real client carries."""

import json
import subprocess
import sys
from typing import Any

from tests.contract.source import ROOT

NOT_OFFERED = "nvidia.riva.nmt.RivaTranslation.StreamingTranslateSpeechToSpeech"


def _contract(*modules: str) -> dict[str, Any]:
    """In a process of its own: two texts of one contract do not fit into one."""
    call = [sys.executable, "-m", "tests.compat.riva_contract", *modules]
    told: dict[str, Any] = json.loads(subprocess.check_output(call, cwd=ROOT, timeout=30))
    return told


def test_the_contract_is_the_same_on_the_wire() -> None:
    """Every name, number and type that we have is theirs, and no field of theirs is missing."""
    ours = _contract(*(f"parley.compat.{name}_pb2" for name in ("riva", "riva_asr", "riva_nmt")))
    names = ("riva_audio", "riva_common", "riva_asr", "riva_nmt")
    theirs = _contract(*(f"riva.client.proto.{name}_pb2" for name in names))
    assert ours == {name: theirs[name] for name in ours}
    missing = set(theirs) - set(ours)
    assert NOT_OFFERED in missing
    assert all("SpeechToSpeech" in name or name == "nvidia.riva.nmt.SynthesizeSpeechConfig" for name in missing), (
        missing
    )
