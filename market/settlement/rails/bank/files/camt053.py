"""Reading ISO 20022 camt.053 (bank to customer statement), versions .001.02 to .001.13.

Elements are read by their local names, so that every version of the schema, and no namespace at all, reads
the same. A document type declaration is refused whatever it declares: no statement needs one, and entities,
external files and expansion bombs all begin there. Nothing is fetched, ever.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from lxml import etree

from infra.messages import Message
from market.settlement.rails.bank.domain import Direction, Statement, StatementEntry, usable_reference
from market.settlement.rails.bank.errors import StatementError
from pricing.money import Money, MoneyError

MAX_STATEMENTS = 100
MAX_ENTRIES = 50_000
MAX_TEXT = 500
MAX_TEXTS = 200
"""Most texts kept of one entry."""
MAX_MINOR = 10**14
"""Largest amount read, in minor units: beyond what anybody transfers, and 50,000 of them still sum exactly."""

_YEARS = range(1970, 2200)

_AMOUNT = re.compile(r"\+?(?=\.?[0-9])[0-9]{0,18}(\.[0-9]{0,5})?")
_END_OF_DAY = re.compile(r"T24:00(:00(\.0+)?)?")
_BYTE_ORDER_MARKS_AND_BLANKS = b"\xef\xbb\xbf\xfe\xff \t\r\n\x00"
_DIRECTIONS = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}


def parse(document: bytes) -> list[Statement]:
    """The statements of a camt.053 message, in its order; whether they add up is `domain.check_balances`' matter.

    :raises StatementError: not XML, a document type declaration, not a camt.053, a missing or unreadable
        element (named with its place), or more than the limits of this module.
    """
    root = _root(document)
    # Some banks and networks wrap the document in an envelope of their own.
    message = next(root.iter("{*}BkToCstmrStmt"), None)
    if message is None:
        raise _no_statement(root)
    found = list(_children(message, "Stmt"))
    if not 1 <= len(found) <= MAX_STATEMENTS:
        raise StatementError(
            Message(
                "the message holds {count} statements; 1 to {limit} are read",
                count=len(found),
                limit=MAX_STATEMENTS,
            )
        )
    return [_statement(element) for element in found]


def _no_statement(root: etree._Element) -> StatementError:
    document = next(root.iter("{*}Document"), root)
    held = next((_name(child) for child in document.iterchildren("{*}*")), None)
    if held is None:
        return StatementError(
            Message("not a camt.053 message: <{name}> holds no <BkToCstmrStmt>", name=_name(document))
        )
    return StatementError(
        Message(
            "not a camt.053 message: <{name}> holds <{held}>, no <BkToCstmrStmt>",
            name=_name(document),
            held=held,
        )
    )


def _root(document: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    if not document.lstrip(_BYTE_ORDER_MARKS_AND_BLANKS).startswith(b"<"):
        raise StatementError(Message("not XML, so no camt.053 message"))
    try:
        root = etree.fromstring(document.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        raise StatementError(Message("not well-formed XML: {error}", error=str(error)[:MAX_TEXT])) from None
    docinfo = root.getroottree().docinfo
    if docinfo.doctype or docinfo.internalDTD is not None:
        raise StatementError(Message("a document type declaration (<!DOCTYPE …>) is refused in a statement"))
    return root


def _statement(element: etree._Element) -> Statement:
    statement_id = _required(element, "Id")
    place = Message("statement {statement_id}", statement_id=statement_id)
    account = _text(element, "Acct", "Id", "IBAN") or _text(element, "Acct", "Id", "Othr", "Id")
    if not account:
        raise StatementError(Message("{place}: no account (Acct/Id/IBAN or Acct/Id/Othr/Id)", place=place))
    balances = {
        _text(balance, "Tp", "CdOrPrtry", "Cd"): _signed(balance, place)
        for balance in _children(element, "Bal")
    }
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    if opening is None or closing is None:
        raise StatementError(
            Message(
                "{place}: an opening (OPBD or PRCD) and a closing (CLBD) booked balance are needed; a statement"
                " of a part of a day, or a page of several, has none",
                place=place,
            )
        )
    currency = _text(element, "Acct", "Ccy") or opening.currency
    first_day, last_day = _days(element, place)
    entries = tuple(_entries(element, place, last_day))
    strays = {money.currency for money in (opening, closing, *(entry.amount for entry in entries))} - {
        currency
    }
    if strays:
        raise StatementError(
            Message(
                "{place}: the account is in {currency}, but some amounts are in {others}",
                place=place,
                currency=currency,
                others=", ".join(sorted(strays)),
            )
        )
    return Statement(
        statement_id=statement_id,
        account=account.replace(" ", ""),
        currency=currency,
        opening=opening,
        closing=closing,
        covers_from=_moment(_text(element, "FrToDt", "FrDtTm"), place),
        covers_to=_moment(_text(element, "FrToDt", "ToDtTm"), place),
        entries=entries,
        first_day=first_day,
        last_day=last_day,
        sequence=_sequence(_text(element, "ElctrncSeqNb")),
        created_at=_moment(_text(element, "CreDtTm"), place),
    )


def _days(element: etree._Element, place: Message) -> tuple[date | None, date | None]:
    """The days that a statement covers: of its period as written there, or else of its balances."""
    days = {
        _text(balance, "Tp", "CdOrPrtry", "Cd"): _text(balance, "Dt", "Dt") or _text(balance, "Dt", "DtTm")
        for balance in _children(element, "Bal")
    }
    first = _text(element, "FrToDt", "FrDtTm") or days.get("OPBD") or days.get("PRCD")
    last = _text(element, "FrToDt", "ToDtTm") or days.get("CLBD")
    if first is None or last is None:
        return None, None
    covered = _day(first, place), _day(last, place)
    return covered if covered[0] <= covered[1] else (None, None)


def _sequence(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text) else None


def _entries(statement: etree._Element, place: Message, last_day: date | None) -> Iterator[StatementEntry]:
    number = 0
    for position, entry in enumerate(_children(statement, "Ntry"), start=1):
        where = Message("{place}, entry {position}", place=place, position=position)
        # .02 to .07 write <Sts>BOOK</Sts>, later versions <Sts><Cd>BOOK</Cd></Sts>.
        status = _text(entry, "Sts", "Cd") or _text(entry, "Sts") or "BOOK"
        if status != "BOOK":
            continue  # pending and informational entries are no part of a booked balance
        whole = _signed(entry, where)
        booked = _booking_day(entry, where, last_day)
        servicer_reference = _text(entry, "AcctSvcrRef")
        reference = servicer_reference or _text(entry, "NtryRef") or str(position)
        extra = _text(entry, "AddtlNtryInf")
        details = [item for part in _children(entry, "NtryDtls") for item in _children(part, "TxDtls")]
        for signed, described in _parts(whole, details, where):
            if signed.minor == 0:
                continue  # banks book fees of nothing; they move no money
            number += 1
            if number > MAX_ENTRIES:
                raise StatementError(
                    Message("{place}: more than {limit} entries", place=place, limit=MAX_ENTRIES)
                )
            yield StatementEntry(
                number=number,
                bank_reference=reference,
                amount=signed if signed.minor >= 0 else -signed,
                direction=Direction.CREDIT if signed.minor >= 0 else Direction.DEBIT,
                booked_on=booked,
                references=(*_texts(described), *([extra] if extra else [])),
                counterparty=_counterparty(described, incoming=signed.minor >= 0),
                servicer_reference=usable_reference(_own_reference(described) or servicer_reference),
            )


def _booking_day(entry: etree._Element, where: Message, last_day: date | None) -> date:
    """The day an entry is booked on; the standard lets banks leave it out."""
    written = (_text(entry, kind, form) for kind in ("BookgDt", "ValDt") for form in ("Dt", "DtTm"))
    found = next(filter(None, written), None)
    return last_day if found is None and last_day is not None else _day(found, where)


def _parts(
    whole: Money, details: list[etree._Element], where: Message
) -> list[tuple[Money, list[etree._Element]]]:
    """The movements of one entry, each with what describes it.

    Those of a batch are its transactions, as long as they sum to it. Where they do not, since the bank kept its charges
    or lists amounts as they were instructed, the entry is one movement that all of them describe.
    """
    amounts = [_transaction_amount(detail, whole, where) for detail in details]
    stated = [amount for amount in amounts if amount is not None and amount.currency == whole.currency]
    complete = len(details) > 1 and len(stated) == len(details)
    if complete and sum(amount.minor for amount in stated) == whole.minor:
        return [(amount, [detail]) for amount, detail in zip(stated, details, strict=True)]
    return [(whole, details)]


def _transaction_amount(detail: etree._Element, whole: Money, where: Message) -> Money | None:
    """What a transaction of a batch moves, with its sign; None: it does not say."""
    element = _child(detail, "Amt")
    if element is None:
        element = _descend(detail, "AmtDtls", "TxAmt", "Amt")
    if element is None:
        return None
    amount = _amount(element, where)
    sign = _text(detail, "CdtDbtInd")
    debit = _direction(sign, where) is Direction.DEBIT if sign else whole.minor < 0
    return -amount if debit else amount


def _own_reference(described: list[etree._Element]) -> str | None:
    """What the bank calls one transaction of a batch."""
    return _text(described[0], "Refs", "AcctSvcrRef") if len(described) == 1 else None


def _texts(described: list[etree._Element]) -> Iterator[str]:
    """What payer and bank wrote of a movement, each text once."""
    texts = dict.fromkeys(text for detail in described for text in _references(detail))
    yield from islice(texts, MAX_TEXTS)


def _references(detail: etree._Element) -> Iterator[str]:
    for name in ("EndToEndId", "InstrId"):
        yield from filter(None, [usable_reference(_text(detail, "Refs", name))])
    for remittance in _children(detail, "RmtInf"):
        for structured in _children(remittance, "Strd"):
            yield from filter(None, [_text(structured, "CdtrRefInf", "Ref")])
            for document in _children(structured, "RfrdDocInf"):
                yield from filter(None, [_text(document, "Nb")])
            for more in _children(structured, "AddtlRmtInf"):
                yield from filter(None, [(more.text or "").strip()[:MAX_TEXT]])
        # One remark, wrapped over several elements.
        remark = "".join(line.text or "" for line in _children(remittance, "Ustrd")).strip()
        yield from filter(None, [remark[:MAX_TEXT]])
    yield from filter(None, [_text(detail, "AddtlTxInf")])


def _counterparty(described: list[etree._Element], *, incoming: bool) -> str:
    names = {_name_of_party(detail, incoming=incoming) for detail in described}
    return names.pop() if len(names) == 1 else ""


def _name_of_party(detail: etree._Element, *, incoming: bool) -> str:
    for side in ("Dbtr", "UltmtDbtr") if incoming else ("Cdtr", "UltmtCdtr"):
        party = _descend(detail, "RltdPties", side)
        # From .08 on a party's name lies one level deeper.
        if party is not None and (name := _text(party, "Nm") or _text(party, "Pty", "Nm")):
            return name
    return ""


def _signed(element: etree._Element, place: Message) -> Money:
    amount = _child(element, "Amt")
    if amount is None:
        raise StatementError(Message("{place}: <{name}> has no amount", place=place, name=_name(element)))
    money = _amount(amount, place)
    return money if _direction(_text(element, "CdtDbtInd"), place) is Direction.CREDIT else -money


def _amount(element: etree._Element, place: Message) -> Money:
    text, currency = _text(element) or "", element.get("Ccy", "")
    if not _AMOUNT.fullmatch(text):
        raise StatementError(Message("{place}: {text!r} is not an amount", place=place, text=text[:40]))
    try:
        money = Money.from_decimal(Decimal(text), currency)
    except MoneyError as error:
        raise StatementError(Message("{place}: {error}", place=place, error=str(error))) from None
    if money.minor > MAX_MINOR:
        raise StatementError(
            Message("{place}: {amount} is more than is ever booked", place=place, amount=money)
        )
    return money


def _direction(code: str | None, place: Message) -> Direction:
    if code not in _DIRECTIONS:
        raise StatementError(Message("{place}: {code!r} is neither CRDT nor DBIT", place=place, code=code))
    return _DIRECTIONS[code]


def _day(text: str | None, place: Message) -> date:
    try:
        day = date.fromisoformat((text or "")[:10])
    except ValueError:
        raise StatementError(
            Message("{place}: {text!r} is not a booking date", place=place, text=text)
        ) from None
    if day.year not in _YEARS:
        raise StatementError(
            Message(
                "{place}: {date} does not lie in the years {first} to {last}",
                place=place,
                date=day,
                first=_YEARS.start,
                last=_YEARS.stop - 1,
            )
        )
    return day


def _moment(text: str | None, place: Message) -> datetime | None:
    if text is None:
        return None
    try:
        day, ends = _END_OF_DAY.subn("T00:00", text)
        moment = datetime.fromisoformat(day) + timedelta(days=ends)
    except ValueError:
        raise StatementError(
            Message("{place}: {text!r} is not a date and time", place=place, text=text)
        ) from None
    if moment.year not in _YEARS:
        raise StatementError(
            Message(
                "{place}: {date} does not lie in the years {first} to {last}",
                place=place,
                date=text,
                first=_YEARS.start,
                last=_YEARS.stop - 1,
            )
        )
    # A bank that gives no offset means its own clock, which nothing here depends on: read as UTC.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iterchildren("{*}" + name)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(_children(element, name), None)


def _descend(element: etree._Element, *path: str) -> etree._Element | None:
    found: etree._Element | None = element
    for name in path:
        found = None if found is None else _child(found, name)
    return found


def _text(element: etree._Element, *path: str) -> str | None:
    found = _descend(element, *path)
    text = "" if found is None else (found.text or "").strip()
    return text[:MAX_TEXT] or None


def _required(element: etree._Element, *path: str) -> str:
    text = _text(element, *path)
    if text is None:
        raise StatementError(
            Message("<{name}> lacks <{missing}>", name=_name(element), missing="/".join(path))
        )
    return text
