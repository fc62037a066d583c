"""Quick constructors for frozen dataclasses with slots, for values that are made once or more per message.

The ``__init__`` of a frozen dataclass sets each field through ``object.__setattr__``: two microseconds for
the fields of a submit_sm, six times what they take in a class that is not frozen. A quick one makes the
instance, while its ``__init__`` runs, one of a twin class that has the same layout and is not frozen.
"""

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(of: type[T]) -> type[T]:
    """Class decorator: the same class with a quicker ``__init__``. Goes above ``@dataclass``.

    Raises TypeError for a class with a default factory, a ``__post_init__`` or without slots.
    """
    given = [each for each in fields(of) if each.init]  # type: ignore[arg-type]  # a dataclass, by what it is for
    _check(of, given)
    namespace: dict[str, Any] = {
        "_twin": _twin(of),
        "_set": object.__setattr__,
        "_defaults": [each.default for each in given],
    }
    exec(_source(given), namespace)  # noqa: S102 - as dataclasses does it, from the names of fields alone
    made = namespace["__init__"]
    made.__qualname__ = f"{of.__qualname__}.__init__"
    made.__module__ = of.__module__
    made.__annotations__ = of.__init__.__annotations__
    of.__init__ = made  # type: ignore[method-assign]  # mypy forbids what this decorator is for
    return of


def _check(of: type, given: list[Field[Any]]) -> None:
    if any(each.default_factory is not MISSING for each in given) or hasattr(of, "__post_init__"):
        raise TypeError(f"{of.__name__}: a quick class has plain defaults and no __post_init__")
    if "__slots__" not in of.__dict__:
        raise TypeError(f"{of.__name__}: a quick class has slots")


def _twin(of: type) -> type:
    """Same layout, not frozen. Both methods are needed: the type has one slot for the two."""
    members = {
        "__slots__": (),
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    return type(of.__name__, (of,), members)


def _source(given: list[Field[Any]]) -> str:
    rows = sorted(enumerate(given), key=lambda row: bool(row[1].kw_only))
    parameters = [_parameter(at, each) for at, each in rows if not each.kw_only]
    by_keyword = [_parameter(at, each) for at, each in rows if each.kw_only]
    if by_keyword:
        parameters += ["*", *by_keyword]
    lines = [f"def __init__({', '.join(['self', *parameters])}):"]
    lines += ["    _class = self.__class__", "    _set(self, '__class__', _twin)"]
    lines += [f"    self.{each.name} = {each.name}" for each in given]
    lines += ["    self.__class__ = _class"]
    return "\n".join(lines)


def _parameter(at: int, each: Field[Any]) -> str:
    return each.name if each.default is MISSING else f"{each.name}=_defaults[{at}]"
