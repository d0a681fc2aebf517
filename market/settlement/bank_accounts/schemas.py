"""Bank accounts over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from infra.messages import Message
from infra.schema import Input, Output, ShortText
from market.settlement.bank_accounts.domain import MAX_NUMBER, is_iban, number_key
from market.settlement.bank_accounts.states import BankAccountStatus
from market.settlement.bank_accounts.tables import BankAccount
from pricing.money import CURRENCIES
from pricing.plans.schemas import CurrencyCode


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(Message("{code} is not an ISO 4217 currency that can be settled", code=code))
    return code


class BankAccountCreate(Input):
    """An account of the platform's own, as the bank's certificate of it says."""

    iban: str | None = Field(
        None,
        max_length=60,
        description="International bank account number; its check digits must fit. This, or account_number.",
        examples=["DE02 1203 0000 0000 2020 51"],
    )
    account_number: str | None = Field(
        None,
        max_length=60,
        description="Account number where there is no IBAN, as in China (银行账号). Spaces and case do not matter.",
        examples=["6222 0000 0000 0001"],
    )
    currency: Annotated[CurrencyCode, AfterValidator(_known_currency)]
    bank_name_zh: ShortText | None = Field(None, description="Bank and branch in Chinese (开户行).")
    bank_name_en: ShortText | None = Field(None, description="Bank and branch in English.")
    bic: str | None = Field(
        None,
        pattern="^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$",
        description="BIC (ISO 9362), for payments from abroad.",
    )
    cnaps: str | None = Field(None, pattern="^[0-9]{12}$", description="CNAPS code of the branch (联行号).")
    holder_zh: ShortText | None = Field(
        None, description="The account's holder in Chinese, as the bank has it: the payee."
    )
    holder_en: ShortText | None = Field(None, description="The same in English.")
    for_invoices: bool = Field(
        True,
        description="Name it on new invoices in its currency, instead of one that was confirmed earlier.",
    )

    @property
    def number(self) -> str:
        """The number as it is compared."""
        return number_key(self.iban or self.account_number or "")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.iban is None) == (self.account_number is None):
            raise ValueError(Message("either iban or account_number must be given, not both"))
        if self.iban is not None and not is_iban(self.number):
            raise ValueError(
                Message("{iban} is not an IBAN: compare it letter by letter with the bank's", iban=self.iban)
            )
        if not 4 <= len(self.number) <= MAX_NUMBER:
            raise ValueError(
                Message("an account number has 4 to {limit} letters and digits", limit=MAX_NUMBER)
            )
        if self.bank_name_zh is None and self.bank_name_en is None:
            raise ValueError(Message("bank_name_zh or bank_name_en must be given"))
        if self.holder_zh is None and self.holder_en is None:
            raise ValueError(Message("holder_zh or holder_en must be given"))
        return self


class AccountToPay(Output):
    """A bank account as an invoice names it."""

    id: UUID
    iban: str | None
    account_number: str | None
    currency: str
    bank_name_zh: str | None
    bank_name_en: str | None
    bic: str | None
    cnaps: str | None = Field(description="CNAPS code of the branch (联行号)")
    holder_zh: str | None = Field(description="The payee in Chinese, as the bank has it")
    holder_en: str | None

    @classmethod
    def of(cls, row: BankAccount) -> Self:
        """Render an account."""
        return cls(**BankAccountRead.of(row).model_dump(include=set(cls.model_fields)))


class BankAccountRead(Output):
    """An account of the platform's own."""

    id: UUID
    iban: str | None
    account_number: str | None
    currency: str
    bank_name_zh: str | None
    bank_name_en: str | None
    bic: str | None
    cnaps: str | None
    holder_zh: str | None
    holder_en: str | None
    for_invoices: bool
    status: BankAccountStatus
    registered_by: UUID
    registered_at: datetime
    confirmed_by: UUID | None = Field(
        description="Null of an active account: known from before there was a register"
    )
    confirmed_at: datetime | None = Field(description="Active from then on")
    closed_by: UUID | None
    closed_at: datetime | None
    closure_reason: str | None
    replaced_by_id: UUID | None = Field(description="The registration that corrected this one")

    @classmethod
    def of(cls, row: BankAccount) -> Self:
        """Render an account."""
        iban = is_iban(row.number_key)
        return cls(
            **row.model_dump(exclude={"organisation_id", "number", "number_key"}),
            iban=row.number if iban else None,
            account_number=None if iban else row.number,
        )
