"""`python -m services.translate`."""

from parley.serving.server import main
from services.translate.stage import STAGE

main(STAGE)
