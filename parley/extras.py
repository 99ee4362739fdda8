"""What to install for what is not there. Must not know who needs it."""

import importlib.util

DISTRIBUTION = "parley-speech"  # on the package index `parley` is somebody else's


def install(extra: str) -> str:
    """The command that brings an extra."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'


def is_installed(package: str) -> bool:
    """Whether a top-level package can be imported; does not import it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
