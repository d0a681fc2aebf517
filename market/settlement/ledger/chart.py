"""The chart of accounts: which account an event of the trade touches.

The operator is the seller of record and the platform collects as its agent, so what buyers pay is a
liability of the platform until it is paid out; only the platform's own share is its revenue. Per currency:

=============  =========  ==========================================================================
role           kind       what it holds
=============  =========  ==========================================================================
``bank``       asset      money on one bank account of the platform, as its statements say
``card``       asset      money held for the platform by the card processor
``receivable`` asset      what one buyer owes on invoices
``clearing``   liability  revenue of one agreement not yet split; zero once its invoices are paid
``payable``    liability  what is owed to one owner or operator
``commission`` revenue    the platform's share
``suspense``   liability  money received that no invoice explains; zero once explained
``other``      liability  movements on the bank accounts that are no business of the market: fees, interest, the
                          platform's own transfers; its general ledger takes them over from here
=============  =========  ==========================================================================
"""

from uuid import UUID

from market.settlement.ledger.domain import Account, AccountRole


def bank(account_number: str, currency: str) -> Account:
    """Money on one bank account of the platform."""
    return Account(AccountRole.BANK, currency, account_number)


def card(currency: str) -> Account:
    """Money held by the card processor."""
    return Account(AccountRole.CARD, currency)


def receivable(buyer_id: UUID, currency: str) -> Account:
    """What a buyer owes."""
    return Account(AccountRole.RECEIVABLE, currency, str(buyer_id), buyer_id)


def clearing(agreement_id: UUID, currency: str) -> Account:
    """Revenue of an agreement that waits to be split."""
    return Account(AccountRole.CLEARING, currency, str(agreement_id))


def payable(organisation_id: UUID, currency: str) -> Account:
    """What is owed to an owner or operator."""
    return Account(AccountRole.PAYABLE, currency, str(organisation_id), organisation_id)


def commission(currency: str) -> Account:
    """The platform's own share of revenue."""
    return Account(AccountRole.COMMISSION, currency)


def suspense(currency: str) -> Account:
    """Receipts that no invoice explains yet."""
    return Account(AccountRole.SUSPENSE, currency)


def other(currency: str) -> Account:
    """Movements that are no business of the market."""
    return Account(AccountRole.OTHER, currency)
