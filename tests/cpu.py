"""What numbers this CPU computes: where products of eight bits saturate (record 34) results are rougher."""

import platform
from pathlib import Path

_INFO = Path("/proc/cpuinfo")
SATURATES = platform.machine() == "x86_64" and _INFO.exists() and "vnni" not in _INFO.read_text()
