"""Bank accounts, pure: when two numbers are the same, and whether an IBAN can be one."""

import re

from infra.identifiers import check_digits_fit, letters_and_digits

MAX_NUMBER = 34
"""Most letters and digits of an account number: those of the longest IBAN."""

_IBAN = re.compile("[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")


def number_key(number: str) -> str:
    """An account number as it is compared, however it is written."""
    return letters_and_digits(number)


def is_iban(key: str) -> bool:
    """Whether a number has the form of an IBAN and its check digits fit (ISO 13616, ISO 7064 mod 97-10).

    :param key: see :func:`number_key`.
    """
    return _IBAN.fullmatch(key) is not None and check_digits_fit(key)
