"""The services, the gateway, their configs and the models that ship, as files beside this one; see parley/places.py."""
