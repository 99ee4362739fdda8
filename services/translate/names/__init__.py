"""Names of people and places that a small model never met, and how they get through it."""

from services.translate.names.names import NO_NAMES, Names
from services.translate.names.stand_ins import StandIns

__all__ = ["NO_NAMES", "Names", "StandIns"]
