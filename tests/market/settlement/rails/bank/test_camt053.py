"""Reading camt.053: several versions, batches, and everything a hostile or broken file tries."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.demo.bank import Receipt, camt053_for
from market.settlement.rails.bank.domain import Direction, check_balances, payment_references
from market.settlement.rails.bank.errors import StatementError
from market.settlement.rails.bank.files import camt053
from pricing.money import CURRENCIES, Money

MOMENT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def statement(*receipts: Receipt, opening: Money | None = None) -> bytes:
    return camt053_for(
        receipts,
        statement_id="S-1",
        account="6222000011112222",
        opening=opening or Money(0, "CNY"),
        moment=MOMENT,
    )


def old_version(namespace: str, *, closing: str = "150.00", entries: str | None = None) -> bytes:
    """A statement as .02 writes it: status as text, an IBAN, names one level higher."""
    entries = entries or (
        "<Ntry><Amt Ccy='EUR'>50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
        "<BookgDt><DtTm>2026-11-20T10:00:00+08:00</DtTm></BookgDt><NtryDtls><TxDtls>"
        "<Refs><EndToEndId>E2E-7</EndToEndId></Refs><RltdPties><Dbtr><Nm>Payer</Nm></Dbtr></RltdPties>"
        "<RmtInf><Ustrd>invoice </Ustrd><Ustrd>seven</Ustrd><Strd><CdtrRefInf><Ref>RF18539007547034</Ref>"
        "</CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls><AddtlNtryInf>thanks</AddtlNtryInf></Ntry>"
        "<Ntry><Amt Ccy='EUR'>999.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>"
    )
    return (
        f"<Document{namespace}><BkToCstmrStmt><GrpHdr/><Stmt><Id>77</Id>"
        "<FrToDt><FrDtTm>2026-11-20T00:00:00</FrDtTm><ToDtTm>2026-11-20T23:59:59Z</ToDtTm></FrToDt>"
        "<Acct><Id><IBAN>DE02 1203 0000 0000 2020 51</IBAN></Id></Acct>"
        "<Bal><Tp><CdOrPrtry><Cd>PRCD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>100.00</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        f"<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{closing}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd></Bal>{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def test_what_the_demo_bank_writes_is_read_back() -> None:
    paid = Receipt(Money(12345, "CNY"), "RF31 0000 0100 0000 01 invoice 1", "示例企业", "B-1")
    fee = Receipt(Money(-500, "CNY"), "account fee", "Bank", "B-2")
    (read,) = camt053.parse(statement(paid, fee, opening=Money(1000, "CNY")))
    check_balances(read)
    assert (read.statement_id, read.account, read.currency) == ("S-1", "6222000011112222", "CNY")
    assert (read.opening.minor, read.closing.minor) == (1000, 12845)
    first, second = read.entries
    assert (first.amount.minor, first.direction, first.counterparty) == (12345, Direction.CREDIT, "示例企业")
    assert first.booked_on == date(2026, 11, 20)
    assert payment_references(first.references) == ["RF3100000100000001"]
    assert (second.signed.minor, second.direction) == (-500, Direction.DEBIT)


@pytest.mark.parametrize(
    "namespace",
    [
        "",
        *(
            f' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"'
            for version in (2, 4, 6, 8, 13)
        ),
    ],
)
def test_every_version_reads_the_same(namespace: str) -> None:
    (read,) = camt053.parse(old_version(namespace))
    check_balances(read)
    assert read.account == "DE02120300000000202051"
    (entry,) = read.entries  # the pending one is no part of a booked balance
    assert entry.references == ("E2E-7", "RF18539007547034", "invoice seven", "thanks")
    assert entry.counterparty == "Payer"
    assert read.covers_from == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_batch_is_opened_into_its_transactions() -> None:
    def part(amount: str) -> str:
        return f"<TxDtls><Amt Ccy='EUR'>{amount}</Amt><RmtInf><Ustrd>part {amount}</Ustrd></RmtInf></TxDtls>"

    def batch(*amounts: str) -> str:
        return (
            "<Ntry><Amt Ccy='EUR'>50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
            "<BookgDt><Dt>2026-11-20</Dt></BookgDt>"
            f"<NtryDtls>{''.join(part(amount) for amount in amounts)}</NtryDtls></Ntry>"
        )

    (read,) = camt053.parse(old_version("", entries=batch("20.00", "30.00")))
    check_balances(read)
    assert [(entry.number, entry.amount.minor) for entry in read.entries] == [(1, 2000), (2, 3000)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<Amt Ccy='EUR'>20.00</Amt>", "<Amt Ccy='EUR'>30.50</Amt>"),  # the bank kept its charges
        ("<Amt Ccy='USD'>25.00</Amt>", "<Amt Ccy='USD'>30.00</Amt>"),  # as they were instructed
        ("<Amt Ccy='EUR'>20.00</Amt>", ""),
        ("", ""),
    ],
)
def test_a_batch_whose_transactions_do_not_tell_its_amount_is_one_movement(first: str, second: str) -> None:
    def part(amount: str, text: str) -> str:
        return f"<TxDtls>{amount}<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"

    entries = (
        "<Ntry><Amt Ccy='EUR'>50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-11-20</Dt></BookgDt>"
        f"<NtryDtls>{part(first, 'one')}{part(second, 'two')}</NtryDtls></Ntry>"
    )
    (read,) = camt053.parse(old_version("", entries=entries))
    check_balances(read)
    (entry,) = read.entries
    assert (entry.amount.minor, entry.references) == (5000, ("one", "two"))


@pytest.mark.parametrize(
    "details",
    [
        "<AddtlTxInf>RF1800001000000001</AddtlTxInf>",
        "<RmtInf><Strd><AddtlRmtInf>RF1800001000000001</AddtlRmtInf></Strd></RmtInf>",
        "<RmtInf><Strd><RfrdDocInf><Nb>RF1800001000000001</Nb></RfrdDocInf></Strd></RmtInf>",
        "<Refs><InstrId>RF1800001000000001</InstrId><EndToEndId>NOTPROVIDED</EndToEndId></Refs>",
        "<RmtInf><Ustrd>附言：ＲＦ１８　０００－０１００００００００１</Ustrd></RmtInf>",
    ],
)
def test_a_reference_is_found_wherever_and_however_a_bank_writes_it(details: str) -> None:
    entries = old_version("").decode()
    start, end = entries.index("<Refs>"), entries.index("</TxDtls>")
    (read,) = camt053.parse((entries[:start] + details + entries[end:]).encode())
    (entry,) = read.entries
    assert payment_references(entry.references) == ["RF1800001000000001"]


def test_what_banks_write_where_nobody_gave_a_reference_is_no_text_of_the_payer() -> None:
    (read,) = camt053.parse(old_version("").replace(b"E2E-7", b"NOTPROVIDED"))
    assert read.entries[0].references == ("RF18539007547034", "invoice seven", "thanks")


def test_a_message_in_an_envelope_is_read() -> None:
    envelope = b"<Envelope xmlns='urn:e'><AppHdr/><Body>" + old_version("") + b"</Body></Envelope>"
    assert camt053.parse(envelope) == camt053.parse(old_version(""))


@pytest.mark.parametrize(
    ("written", "as_well"),
    [
        (b"2026-11-20T23:59:59Z", b"2026-11-20T24:00:00Z"),
        (b">50.00<", b">+50.00<"),
        (b">50.00<", b">50.<"),
        (b"BookgDt>", b"ValDt>"),
        (b"<BookgDt><DtTm>2026-11-20T10:00:00+08:00</DtTm></BookgDt>", b""),
    ],
)
def test_what_the_standard_allows_besides_is_read(written: bytes, as_well: bytes) -> None:
    document = b"\r\n" + old_version("")  # mail programs put blank lines before it
    assert written in document
    (read,) = camt053.parse(document.replace(written, as_well))
    check_balances(read)
    (entry,) = read.entries
    assert (entry.booked_on, entry.amount.minor) == (date(2026, 11, 20), 5000)
    assert (read.first_day, read.last_day) == (date(2026, 11, 20), date(2026, 11, 20))


def test_sums_that_lie_are_named_with_their_figures() -> None:
    (read,) = camt053.parse(old_version("", closing="150.01"))
    with pytest.raises(StatementError, match=r"make 150\.00 EUR, but the closing balance is 150\.01 EUR"):
        check_balances(read)


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "prolog",
    [
        f'<!DOCTYPE Document [<!ENTITY a0 "ha">{LAUGHS}]>',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://127.0.0.1:9/evil.dtd"> %p;]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">',
        "<!DOCTYPE Document>",
    ],
)
def test_document_types_bombs_and_external_entities_are_refused(prolog: str) -> None:
    body = (
        old_version("")
        .decode()
        .replace("<Id>77</Id>", "<Id>&x;&a11;</Id>" if "ENTITY" in prolog else "<Id>7</Id>")
    )
    with pytest.raises(StatementError):
        camt053.parse((prolog + body).encode())
    with pytest.raises(StatementError):  # another encoding does not hide it
        camt053.parse(f'<?xml version="1.0" encoding="UTF-16"?>{prolog}{body}'.encode("utf-16"))


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"", "not XML"),
        (b"not xml", "not XML"),
        (b"<Document>", "not well-formed"),
        (b"<Document/>", "no <BkToCstmrStmt>"),
        (b":20:STARTUMS\r\n:25:10020030/1234567\r\n", "not XML"),
        ("日期,金额\n".encode(), "not XML"),
        (
            old_version("").replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"),
            "holds <BkToCstmrAcctRpt>, no <BkToC",
        ),
        (old_version("").replace(b"CLBD", b"ITBD"), "page of several"),
        (b"<Document><BkToCstmrStmt/></Document>", "0 statements"),
        (old_version("").replace(b"<Id>77</Id>", b""), "lacks <Id>"),
        (old_version("").replace(b"PRCD", b"XXXX"), "opening"),
        (old_version("").replace(b">50.00<", b">5e1<"), "'5e1' is not an amount"),
        (old_version("").replace(b">50.00<", b">50.001<"), "more decimal places"),
        (old_version("").replace(b"Ccy='EUR'>50.00", b"Ccy='USD'>50.00"), "amounts are in USD"),
        (old_version("").replace(b"Ccy='EUR'>50.00", b"Ccy='???'>50.00"), "not an ISO 4217"),
        (old_version("").replace(b"CRDT</CdtDbtInd><Sts>BOOK", b"X</CdtDbtInd><Sts>BOOK"), "neither CRDT"),
        (old_version("").replace(b"2026-11-20T10", b"2026-13-20T10"), "not a booking date"),
        (old_version("").replace(b"2026-11-20T10", b"0001-01-01T10"), "years 1970 to 2199"),
        (old_version("").replace(b"2026-11-20T00", b"9999-12-31T23"), "years 1970 to 2199"),
        (old_version("").replace(b">50.00<", b">999999999999999<"), "more than is ever booked"),
        (old_version("").replace(b"DE02", b"DE02")[:400], "not well-formed"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(document: bytes, complaint: str) -> None:
    with pytest.raises(StatementError, match=complaint):
        camt053.parse(document)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(document: bytes) -> None:
    with pytest.raises(StatementError):
        camt053.parse(document)


@given(
    currency=st.sampled_from(sorted(CURRENCIES)),
    opening=st.integers(-(10**12), 10**12),
    amounts=st.lists(st.integers(-(10**9), 10**9).filter(bool), max_size=20),
)
def test_any_statement_survives_the_round_trip(currency: str, opening: int, amounts: list[int]) -> None:
    receipts = [Receipt(Money(minor, currency), f"r{n}", "p", f"b{n}") for n, minor in enumerate(amounts)]
    (read,) = camt053.parse(statement(*receipts, opening=Money(opening, currency)))
    check_balances(read)
    assert [entry.signed.minor for entry in read.entries] == amounts


@pytest.mark.parametrize(
    "text",
    [
        "RF1800001000000001",
        "rf18 0000 1000 0000 01",
        "payment RF1800001000000001 thanks",
        "RF18-00001-000000001",
        "/RF1800001\n000000001/",
        "RF1800001000000001".translate({ord(sign): ord(sign) + 0xFEE0 for sign in "RF018"}),  # full width
    ],
)
def test_references_are_found_however_they_are_typed(text: str) -> None:
    assert payment_references([text, text]) == ["RF1800001000000001"]


def test_text_without_a_reference_holds_none() -> None:
    assert payment_references(["RF18", "RF18 0000 1000", "invoice 7", ""]) == []
