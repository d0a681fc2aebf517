"""What a column of persons may hold, and which of it is sensitive. Pure."""

from enum import StrEnum


class PersonalKind(StrEnum):
    """Personal information by kind, as proposals name it; the first four are also found when a file comes in."""

    RESIDENT_ID = "resident_id"
    MOBILE_NUMBER = "mobile_number"
    BANK_CARD = "bank_card"
    EMAIL = "email"
    PERSON_NAME = "person_name"
    ADDRESS = "address"
    VEHICLE_PLATE = "vehicle_plate"
    PASSPORT = "passport"
    TELEPHONE = "telephone"
    BIRTH_DATE = "birth_date"
    LOCATION = "location"
    DEMOGRAPHIC = "demographic"
    HEALTH = "health"
    BIOMETRIC = "biometric"
    FINANCIAL = "financial"
    PERSON_NUMBER = "person_number"


SENSITIVE = frozenset(
    {
        PersonalKind.RESIDENT_ID,
        PersonalKind.BANK_CARD,
        PersonalKind.PASSPORT,
        PersonalKind.HEALTH,
        PersonalKind.BIOMETRIC,
        PersonalKind.FINANCIAL,
    }
)
"""Kinds of which a leak easily harms dignity, safety or property (PIPL art. 28)."""
