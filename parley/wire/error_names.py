"""Which error a code and a reason name: what other processes raised is raised here. Must not know a transport."""

from collections.abc import Iterator

from parley.errors import Code, ParleyError


def tree(root: type[ParleyError] = ParleyError) -> Iterator[type[ParleyError]]:
    """Every error there is, the root first."""
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def of_code(name: str, reason: str) -> type[ParleyError]:
    """The same, with the code's name."""
    return of_reason(Code[name].value if name in Code.__members__ else 0, reason)


def of_reason(code: int, reason: str) -> type[ParleyError]:
    """The error that another process meant: by its reason, else by its code, else the root."""
    kinds = list(tree())
    by_reason = [kind for kind in kinds if kind.reason == reason]
    by_code = [kind for kind in kinds if kind.code.value == code]
    return (by_reason or by_code or kinds)[0]
