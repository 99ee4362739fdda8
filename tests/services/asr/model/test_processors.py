"""The recogniser's own tests with narrower instructions than this processor's best: no test may depend on it.

Only CTranslate2 is told. OpenVINO 2026.4, told to use AVX2 on a processor that knows AVX-512 (ONEDNN_MAX_CPU_ISA),
answers with empty arrays.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.source import ROOT

PROCESSOR = Path("/proc/cpuinfo")
WIDER = "avx512f"  # a flag of processors on which all other tests use more than AVX2
JUDGED = "people_are_understood"


@pytest.mark.timeout(180)
@pytest.mark.skipif(
    not PROCESSOR.exists() or WIDER not in PROCESSOR.read_text().split(), reason="all tests use AVX2 here"
)
def test_the_words_are_right_with_avx2() -> None:
    """People are understood where 8-bit products may saturate."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", JUDGED]
    done = subprocess.run(
        [*command, "tests/services/asr/model/test_whisper_live.py"],
        cwd=ROOT,
        env={**os.environ, "CT2_FORCE_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
