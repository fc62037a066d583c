"""Shapes of the call centre of the bank by phone."""

from typing import Annotated

from pydantic import BaseModel, Field

from gateway.http.schemas import Body, Number, ShownMoment


class NewPhoneCustomer(Body):
    """``POST /bank/phone-customers``: ``card`` is the id of a card of this number."""

    msisdn: Number
    card: Annotated[str, Field(min_length=1, max_length=64)]


class ShownPhoneCustomer(BaseModel):
    """A customer of the bank by phone. ``is_initial``: the password has not been changed yet.

    ``locked_until`` is null where wrong passwords have not locked the identifier.
    """

    identifier: Annotated[str, Field(examples=["48210375"])]
    msisdn: str
    card: str
    card_code: Annotated[str, Field(examples=["7041"])]
    is_initial: bool
    created: ShownMoment
    locked_until: ShownMoment | None


class IssuedPhoneCustomer(ShownPhoneCustomer):
    """The same with the ``password``, where it was set to the initial one just now; else it is null."""

    password: str | None = None
