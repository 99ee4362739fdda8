"""Which backends there are, and what each needs: read from the files in backends/, without importing any of them.

A backend is one file there. Two constants in it say what it needs: LIBRARIES, the modules that it alone may import, and
EXTRAS, the extras of our distribution that install them; none of either for a backend that needs nothing.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from parley.errors import BadConfig
from parley.extras import install

FOLDER = Path(__file__).parent / "backends"


@dataclass(frozen=True)
class Declared:
    """One backend, as its file declares it."""

    name: str
    libraries: tuple[str, ...]
    extras: tuple[str, ...]

    @property
    def hint(self) -> str:
        """What to install: any of them will do."""
        return " or ".join(install(extra) for extra in self.extras)


def declared(path: Path) -> Declared:
    """Read one backend's constants."""
    constants = {}
    for node in ast.parse(path.read_text("utf-8"), str(path)).body:
        name = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(name, ast.Name) and name.id in ("LIBRARIES", "EXTRAS"):
            constants[name.id] = tuple(ast.literal_eval(node.value))
    if constants.keys() != {"LIBRARIES", "EXTRAS"}:
        raise BadConfig(f"{path} must declare LIBRARIES and EXTRAS, tuples of names; empty where it needs none.")
    return Declared(path.stem, constants["LIBRARIES"], constants["EXTRAS"])


BACKENDS = {path.stem: declared(path) for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"}
