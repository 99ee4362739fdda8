"""What to install for what is not there. Must not know who needs it."""

DISTRIBUTION = "parley-speech"  # on the package index `parley` is somebody else's


def install(extra: str) -> str:
    """The command that brings an extra."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'
