"""`python -m services.shout`."""

from services.shout.stage import STAGE

from parley.serving.server import main

main(STAGE)
