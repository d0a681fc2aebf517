"""Statements as banks at home and abroad write them: other versions, accounts, names of parties and references."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from pricing.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """One entry.

    :param minor: positive when money came in.
    :param reference: AcctSvcrRef; None: the bank leaves it out.
    """

    minor: int
    text: str
    reference: str | None
    day: date
    payer: str = "上海某某科技有限公司"


def statement(
    statement_id: str,
    account: str,
    opening: int,
    *lines: Line,
    days: tuple[date, date] | None = None,
    currency: str = "CNY",
    abroad: bool = False,
    sequence: int | None = None,
) -> bytes:
    """A file with one statement.

    :param days: the period that it states; None: it states none, and its balances bear no date.
    :param abroad: camt.053.001.02 with an IBAN, instead of camt.053.001.08 with a plain account number.
    """
    closing = opening + sum(line.minor for line in lines)
    version = "02" if abroad else "08"
    number = f"<IBAN>{account}</IBAN>" if abroad else f"<Othr><Id>{account}</Id></Othr>"
    period = ""
    if days:
        period = f"<FrToDt><FrDtTm>{days[0]}T00:00:00</FrDtTm><ToDtTm>{days[1]}T23:59:59</ToDtTm></FrToDt>"
    counted = f"<ElctrncSeqNb>{sequence}</ElctrncSeqNb>" if sequence else ""
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><GrpHdr/><Stmt>'
        f"<Id>{statement_id}</Id>{counted}{period}<Acct><Id>{number}</Id><Ccy>{currency}</Ccy></Acct>"
        f"{_balance('OPBD', opening, currency)}{_balance('CLBD', closing, currency)}"
        f"{_entries(lines, currency, abroad)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, minor: int, currency: str) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}</Bal>"


def _amount(minor: int, currency: str) -> str:
    shown = Money(abs(minor), currency).decimal()
    return f'<Amt Ccy="{currency}">{shown}</Amt><CdtDbtInd>{"CRDT" if minor >= 0 else "DBIT"}</CdtDbtInd>'


def _entries(lines: Sequence[Line], currency: str, abroad: bool) -> str:
    return "".join(_entry(number, line, currency, abroad) for number, line in enumerate(lines, 1))


def _entry(number: int, line: Line, currency: str, abroad: bool) -> str:
    status = "<Sts>BOOK</Sts>" if abroad else "<Sts><Cd>BOOK</Cd></Sts>"
    name = f"<Nm>{escape(line.payer)}</Nm>" if abroad else f"<Pty><Nm>{escape(line.payer)}</Nm></Pty>"
    side = "Dbtr" if line.minor >= 0 else "Cdtr"
    reference = f"<AcctSvcrRef>{line.reference}</AcctSvcrRef>" if line.reference else ""
    return (
        f"<Ntry><NtryRef>{number}</NtryRef>{_amount(line.minor, currency)}{status}"
        f"<BookgDt><Dt>{line.day}</Dt></BookgDt>{reference}<NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><{side}>{name}</{side}></RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
