"""`python -m services.translate`."""

from parley.server import main
from services.translate.stage import STAGE

main(STAGE)
