"""The demo's bank: writes the account statement a bank would send, as camt.053.001.08."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from pricing.money import Money

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that arrived on the account.

    :param amount: positive for an incoming payment, negative for an outgoing one.
    :param remittance: what the payer wrote, the payment reference above all.
    """

    amount: Money
    remittance: str
    payer: str
    bank_reference: str


def camt053_for(
    receipts: Sequence[Receipt],
    *,
    statement_id: str,
    account: str,
    opening: Money,
    moment: datetime,
    covers_from: datetime | None = None,
) -> bytes:
    """A statement of one account with the receipts as its entries.

    :param account: account number (not an IBAN).
    :param opening: booked balance before the first receipt.
    :param moment: when the statement is made (aware); all entries are booked on its day.
    :param covers_from: beginning of the period that it states, which ends with the moment; None: it states none.
    """
    document = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})
    message = _add(document, "BkToCstmrStmt")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", statement_id)
    _add(header, "CreDtTm", moment.isoformat())
    statement = _add(message, "Stmt")
    _add(statement, "Id", statement_id)
    _add(statement, "CreDtTm", moment.isoformat())
    if covers_from is not None:
        period = _add(statement, "FrToDt")
        _add(period, "FrDtTm", covers_from.isoformat())
        _add(period, "ToDtTm", moment.isoformat())
    holder = _add(statement, "Acct")
    _add(_add(_add(holder, "Id"), "Othr"), "Id", account)
    _add(holder, "Ccy", opening.currency)
    closing = Money(opening.minor + sum(receipt.amount.minor for receipt in receipts), opening.currency)
    day = moment.date().isoformat()
    for code, amount in (("OPBD", opening), ("CLBD", closing)):
        balance = _add(statement, "Bal")
        _add(_add(_add(balance, "Tp"), "CdOrPrtry"), "Cd", code)
        _amount(balance, amount)
        _add(_add(balance, "Dt"), "Dt", day)
    for receipt in receipts:
        _entry(statement, receipt, day)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _entry(statement: etree._Element, receipt: Receipt, day: str) -> None:
    entry = _add(statement, "Ntry")
    _add(entry, "NtryRef", receipt.bank_reference)
    _amount(entry, receipt.amount)
    _add(_add(entry, "Sts"), "Cd", "BOOK")
    _add(_add(entry, "BookgDt"), "Dt", day)
    _add(_add(entry, "ValDt"), "Dt", day)
    _add(entry, "AcctSvcrRef", receipt.bank_reference)
    _add(_add(_add(entry, "BkTxCd"), "Prtry"), "Cd", "TRANSFER")
    details = _add(_add(entry, "NtryDtls"), "TxDtls")
    _add(_add(details, "Refs"), "EndToEndId", "NOTPROVIDED")
    side = "Dbtr" if receipt.amount.minor >= 0 else "Cdtr"
    _add(_add(_add(_add(details, "RltdPties"), side), "Pty"), "Nm", receipt.payer)
    _add(_add(details, "RmtInf"), "Ustrd", receipt.remittance)


def _amount(parent: etree._Element, amount: Money) -> None:
    positive = amount if amount.minor >= 0 else -amount
    _add(parent, "Amt", str(positive.decimal())).set("Ccy", amount.currency)
    _add(parent, "CdtDbtInd", "CRDT" if amount.minor >= 0 else "DBIT")


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = text
    return element
