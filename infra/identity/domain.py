"""Rules of identity: the unified social credit code, e-mail addresses, sign-in limits, scopes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from infra.auth import OrganisationKind, Role
from infra.messages import Message

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(f"[{_CREDIT_ALPHABET}]{{18}}")

EMAIL_PATTERN = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$"
"""Plain ASCII addresses, as browsers' e-mail fields take them."""
MAX_EMAIL_LENGTH = 200

FREE_FAILURES = 10
"""Wrong passwords in a row, for one account from one source, after which these two wait for a while."""
FIRST_LOCK_SECONDS = 30
MAX_LOCK_SECONDS = 900
"""A lock doubles with each further failure up to this."""
FAILURES_FORGOTTEN_HOURS = 24
MAX_ATTEMPT_ROWS = 200_000
"""Pairs of account and source that are remembered; the oldest go first."""

REFUSALS_TOGETHER = timedelta(minutes=5)
"""Refused passwords of one account, or of all addresses that nobody has, make one entry of the audit log each time."""

WRONG_COSTS = 5
"""What a wrong password or secret takes out of its source's budget; a right password takes one."""

MAX_ACCOUNTS_TRIED = 4
"""Accounts of one address whose passwords are compared at a sign-in; naming the organisation puts its own first."""

MAX_SESSIONS_PER_PERSON = 20
MAX_UNFINISHED_SESSIONS = 5
"""Sessions of a person that still wait for the code of the second factor; the newest are kept."""
UNFINISHED_SESSION_MINUTES = 10
SESSION_TOUCH_SECONDS = 60
"""How exact the time of last use is kept: one write a minute, not one a request."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Attempts that may come at once, and how long each takes to be there again.

    :param seconds_each: after so many seconds there is one more, up to ``burst``.
    """

    burst: int
    seconds_each: float


KNOWN_DEVICES = Budget(burst=30, seconds_each=2)
"""For an account, from all devices it is known on: these pass by the limits of their source."""
NEW_SOURCES = Budget(burst=100, seconds_each=1)
"""For an account, from unknown devices whose source has not been wrong about it before."""
REPEATED_SOURCES = Budget(burst=100, seconds_each=5)
"""For an account, from unknown devices of other sources: a flood of guesses comes out of this one."""


UNKNOWN_DEVICE_CODES = Budget(burst=20, seconds_each=3600)
"""Codes of a second factor that may be tried for an account from unknown devices: a thief of the password guesses right
with a chance of one to 14,000 a day."""

RESETS_OF_ADDRESS = Budget(burst=3, seconds_each=600)
"""Links for a new password that one address is mailed, whether it has an account or not."""
RESETS_OF_SOURCE = Budget(burst=20, seconds_each=60)

LOOK_UPS_OF_SOURCE = Budget(burst=120, seconds_each=1)
"""Look-ups of codes that number what they name one after the other, by anybody and without signing in."""

_OFFICE_ROLES: dict[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.AUTHORISING_BODY: frozenset({Role.AUTHORISING_OFFICER}),
    OrganisationKind.PLATFORM: frozenset({Role.FINANCE_OFFICER, Role.PLATFORM_ADMIN}),
    OrganisationKind.PRICE_AUTHORITY: frozenset({Role.PRICE_OFFICER}),
    OrganisationKind.REGULATOR: frozenset({Role.REGULATOR_OFFICER}),
}


def needs_second_factor(roles: Collection[Role], kind: OrganisationKind, needing: Collection[Role]) -> bool:
    """Whether a person with these roles in an organisation of this kind may do nothing without a second factor.

    :param needing: the roles that need one. Whoever can give himself one of them needs it as well.
    """
    held = set(roles)
    if Role.ORGANISATION_ADMIN in held:
        held |= _OFFICE_ROLES.get(kind, frozenset())
    return not held.isdisjoint(needing)


class EvidenceKind(StrEnum):
    """What an organisation's identity is shown by."""

    AUTHORISATION_LETTER = "authorisation_letter"
    BUSINESS_LICENCE = "business_licence"
    FOREIGN_REGISTRATION = "foreign_registration"
    INSTITUTION_CERTIFICATE = "institution_certificate"
    SOCIAL_CREDIT_CERTIFICATE = "social_credit_certificate"


def credit_code_check_digit(body: str) -> str:
    """The 18th character of a unified social credit code, from its first 17 (GB 32100-2015, section 5).

    :param body: 17 characters of the code's alphabet, which leaves out I, O, S, V and Z.
    """
    total = sum(_CREDIT_ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return _CREDIT_ALPHABET[-total % 31]


def is_credit_code(text: str) -> bool:
    """Whether the text is a unified social credit code (统一社会信用代码) with the right check digit."""
    return bool(_CREDIT_CODE.fullmatch(text)) and credit_code_check_digit(text[:17]) == text[17]


def normalised_email(text: str) -> str:
    """The one spelling under which an address is kept: lower case, no space around it.

    :raises ValueError: it is no plain ASCII address.
    """
    address = text.strip().lower()
    if len(address) > MAX_EMAIL_LENGTH or not re.fullmatch(EMAIL_PATTERN, address):
        raise ValueError(Message("must be an e-mail address such as name@example.org"))
    return address


def granted_scope(asked: str, held: Collection[str]) -> list[str] | None:
    """The roles a token is to carry.

    :param asked: the ``scope`` of the request: role names parted by spaces; empty asks for all.
    :param held: the roles the program holds.
    :return: the roles in alphabetical order, or None when one was asked for that is not held.
    """
    names = set(asked.split())
    if not names <= set(held):
        return None
    return sorted(names or held)


def masked(number: str) -> str:
    """A document's number as it may be shown: its last four characters, the rest as asterisks."""
    shown = number[-4:] if len(number) > 4 else ""
    return "*" * (len(number) - len(shown)) + shown
