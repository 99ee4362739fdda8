"""How an audit log is configured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AuditConfig:
    """Who asked a gateway for what, and when; never sound or text."""

    folder: str = ""  # empty: none is kept
    instance: str = ""  # what its records are called by, for each gateway its own; empty: the name of the machine
    # Who has it can write records that fit, so keep it elsewhere; made by `parley audit secret`. Old ones behind it,
    # with commas. Empty: who can write the files can make the records fit again.
    secret: str = ""
    addresses: bool = False  # whether the callers' addresses are recorded
    required: bool = True  # calls are refused while no record can be written; false: they go on and are counted as lost
    keep_days: int = 365  # 0: for ever
    file_bytes: int = 64 << 20  # then another file is begun; also each day
    waiting: int = 10_000  # records that wait to be written
