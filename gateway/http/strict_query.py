"""Query parameters that an operation does not know are refused: a misspelt filter would match everything."""

from fastapi.dependencies.models import Dependant
from starlette.requests import HTTPConnection

from gateway.http.problems import Problem


async def known_query(connection: HTTPConnection) -> None:
    """A dependency of every operation and WebSocket. Raises Problem with one item per unknown parameter."""
    route = connection.scope.get("route")
    dependant = getattr(route, "dependant", None)
    if not connection.query_params or not isinstance(dependant, Dependant):
        return
    known = sorted(_names(dependant))
    unknown = [name for name in dict.fromkeys(connection.query_params) if name not in known]
    if unknown:
        hint = f"there are: {', '.join(known)}" if known else "there are none here"
        errors = [{"in": "query", "field": name, "detail": f"no such parameter; {hint}"} for name in unknown]
        count = "1 field is wrong" if len(unknown) == 1 else f"{len(unknown)} fields are wrong"
        raise Problem(422, count, code="validation", errors=errors)


def _names(dependant: Dependant) -> set[str]:
    own = {param.alias for param in dependant.query_params}
    return own.union(*(_names(each) for each in dependant.dependencies))
