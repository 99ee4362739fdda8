"""Which answers of a stage say how good its version is, told by their bytes alone. Must not parse any.

They are kept while a stream runs and looked at when it has ended, away from everybody's path.
"""

from collections.abc import Mapping
from functools import cache

from parley.wire.stages import STAGES

NOTABLE = ("transcript", "quality", "turn", "revision", "translation", "late")
FINAL = b"\x10\x01"  # field 2 is true: what holds this may be a final transcript, what does not is none
_WIRE_TYPE = 2  # of a message inside a message


@cache
def notable(stage: str) -> Mapping[bytes, bytes]:
    """First byte of an answer -> what must also be in it."""
    fields = STAGES[stage].answer.DESCRIPTOR.fields_by_name
    return {
        bytes([fields[name].number << 3 | _WIRE_TYPE]): FINAL if name == "transcript" else b""
        for name in NOTABLE
        if name in fields and fields[name].number < 16
    }
