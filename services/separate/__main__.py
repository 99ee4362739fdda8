"""`python -m services.separate`."""

from parley.serving.server import main
from services.separate.stage import STAGE

main(STAGE)
