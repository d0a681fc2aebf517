"""Personal information is recognised by its form, anywhere in a value, and at a rate that chance does not reach."""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.ingest.errors import BadColumnName
from listings.ingest.limits import Limits
from listings.ingest.personal import (
    NOTEWORTHY,
    ContentKind,
    Detected,
    Tally,
    is_bank_card,
    is_resident_id,
)
from listings.ingest.pipeline import ingest
from listings.ingest.result import IngestOptions, IngestResult

WEIGHTS = [2 ** (17 - n) % 11 for n in range(17)]
"""Of ISO 7064 MOD 11-2, from its definition."""


def resident_id(first: str) -> str:
    """A resident identity number from its first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True))
    return first + "10X98765432"[total % 11]


def bank_card(first: str) -> str:
    """A card number from all digits but the last, by trying which one Luhn takes."""
    for check in "0123456789":
        digits = [int(d) for d in reversed(first + check)]
        total = sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])
        if total % 10 == 0:
            return first + check
    raise AssertionError("one digit always fits")


def detect_in(values: Sequence[str]) -> list[Detected]:
    """What a column of these values holds."""
    tally = Tally("n")
    for value in values:
        tally.add(value)
    return tally.detected(len(values))


def take(folder: Path, content: str) -> IngestResult:
    source, work = folder / "source", folder / "work"
    source.write_text(content)
    work.mkdir(exist_ok=True)
    return ingest(source, folder / "revision.parquet", work, "f.csv", IngestOptions(), Limits())


@pytest.mark.parametrize("name", ["n", "N", "t", "T"])
def test_values_that_repeat_are_looked_at_whatever_their_column_is_called(tmp_path: Path, name: str) -> None:
    """Names that the queries use themselves, in either case."""
    rows = "".join(f"{13800138000 + i % 60},A1{i % 40:04d}\n" for i in range(2000))
    numbers = take(tmp_path, f"{name},x\n{rows}")
    assert [(one.column, one.kind, one.values) for one in numbers.detected] == [
        (name, ContentKind.MOBILE_NUMBER, 2000)
    ]
    codes = take(tmp_path, f"x,{name}\n{rows}")
    assert codes.profile[1].shape == "^[A-Z][0-9]{5}$"


@given(
    st.integers(110000, 659999), st.dates().filter(lambda day: 1900 <= day.year <= 2099), st.integers(0, 999)
)
def test_every_resident_id_is_one_and_a_wrong_check_character_is_none(
    region: int, born: object, serial: int
) -> None:
    number = resident_id(f"{region}{str(born).replace('-', '')}{serial:03}")
    assert is_resident_id(number)
    assert is_resident_id(number.lower())
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    assert not is_resident_id(wrong)


@given(st.sampled_from(["622202", "4", "51", "3528"]), st.integers(16, 19), st.randoms(use_true_random=False))
def test_every_card_number_is_one_and_a_mistyped_one_is_none(
    issuer: str, length: int, chance: random.Random
) -> None:
    card = bank_card((issuer + "".join(chance.choices("0123456789", k=20)))[: length - 1])
    assert is_bank_card(card)
    place = chance.randrange(len(issuer), length)
    assert not is_bank_card(card[:place] + str((int(card[place]) + 1) % 10) + card[place + 1 :])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("13800138000", ContentKind.MOBILE_NUMBER),
        ("张三13800138000", ContentKind.MOBILE_NUMBER),
        ("电话：138 0013 8000，下午打", ContentKind.MOBILE_NUMBER),
        ("+86 138-0013-8000", ContentKind.MOBILE_NUMBER),
        ("8613800138000", ContentKind.MOBILE_NUMBER),
        ("证件号码 11010519491231002X", ContentKind.RESIDENT_ID),
        ('{"id": "11010519491231002x"}', ContentKind.RESIDENT_ID),
        ("卡号6222 0200 0000 0000 008 尾", ContentKind.BANK_CARD),
        ("4111-1111-1111-1111", ContentKind.BANK_CARD),
        ("write to zhang.san@example.com.cn today", ContentKind.EMAIL),
        ("电话１３８－００１３－８０００", ContentKind.MOBILE_NUMBER),
        ("138.0013.8000", ContentKind.MOBILE_NUMBER),
        ("138–0013–8000", ContentKind.MOBILE_NUMBER),
        ("138 00138000", ContentKind.MOBILE_NUMBER),
        ("１１０１０５１９４９１２３１００２Ｘ", ContentKind.RESIDENT_ID),
        ("110105 19491231 002X", ContentKind.RESIDENT_ID),
        ("身份证110105491231002。", ContentKind.RESIDENT_ID),
        ("a＠example.com", ContentKind.EMAIL),
    ],
)
def test_values_are_found_inside_other_text(value: str, kind: ContentKind) -> None:
    if kind is ContentKind.BANK_CARD and value.startswith("卡"):
        value = f"卡号{bank_card('622202000000000000')} 尾"
    assert re.search(NOTEWORTHY, value), "or nobody looks at it"
    assert [(one.kind, one.values) for one in detect_in([value])] == [(kind, 1)]


@pytest.mark.parametrize(
    "value",
    [
        "S13800138000",
        "12800138000",
        "110105194912310021",
        "4111111111111112",
        "user@localhost",
        "2024-13800138000x",
        "[139.12345678, 35.1]",
        "02187654321",
        "110105199901011",
    ],
)
def test_what_only_resembles_passes_no_test(value: str) -> None:
    assert detect_in([value]) == []


def few_among(few: Callable[[int], str], others: Callable[[int], str]) -> list[Detected]:
    return detect_in([few(n) if n % 200 == 0 else others(n) for n in range(4000)])


def test_few_among_many_numbers_of_another_make_are_found() -> None:
    def born(n: int) -> str:
        return resident_id(f"11010519{50 + n % 50}{n % 12 + 1:02}{n % 28 + 1:02}{n % 1000:03}")

    orders = random.Random(7)
    assert few_among(born, lambda _: str(orders.randrange(10**17, 10**18))) == [
        Detected("n", ContentKind.RESIDENT_ID, 20, 4000)
    ]
    assert few_among(lambda _: "13800138000", lambda n: f"021{n + 10_000_000}") == [
        Detected("n", ContentKind.MOBILE_NUMBER, 20, 4000)
    ]


@pytest.mark.parametrize(
    "number",
    [
        lambda n: f"35391805{n * 1733 % 10**7:07}",  # of a device (IMEI)
        lambda n: f"310115{('001', '400', '500')[n % 3]}{n:06}",  # of an enterprise, before 2015
        lambda n: f"880066202601{n % 28 + 1:02}{n:04}",  # of an order, with its day
        lambda n: str(random.Random(n).randrange(10**14, 10**15)),
    ],
)
def test_long_numbers_of_other_things_are_no_finding(number: Callable[[int], str]) -> None:
    assert detect_in([number(n) for n in range(4000)]) == []


def test_a_column_whose_name_is_a_number_of_a_person_is_refused(tmp_path: Path) -> None:
    for name in ("13800138000", "张三 １３８００１３８０００", resident_id("11010519491231002")):
        with pytest.raises(BadColumnName) as caught:
            take(tmp_path, f"{name},b\nx,1\ny,2\n")
        assert "header=false" in str(caught.value.remedy)
        assert name not in str(caught.value.detail)
    assert take(tmp_path, "20260101,2026\nx,1\n").columns[0].name == "20260101"


def test_numbers_of_the_same_length_are_no_finding_by_chance() -> None:
    chance = random.Random(7)
    assert detect_in(["".join(chance.choices("123456789", k=11)) for _ in range(2000)]) == []
    assert detect_in([f"9{chance.randrange(10**15):015}" for _ in range(2000)]) == []


def test_one_value_at_the_end_of_the_file_is_found(tmp_path: Path) -> None:
    lines = "".join(f"{n},note {n}\n" for n in range(5_000))
    result = take(tmp_path, f"n,note\n{lines}5000,李四 13800138000\n")
    assert result.detected == (Detected("note", ContentKind.MOBILE_NUMBER, 1, 5_001),)
    assert result.sample[-1]["note"] == "note 19", "far from the sample"
    (notice,) = result.notices
    assert (notice.code, notice.column) == ("personal-content", "note")
    assert IngestResult.from_json(result.to_json()).detected == result.detected


def test_numbers_stored_as_numbers_are_found_and_measurements_are_not(tmp_path: Path) -> None:
    lines = "".join(f"{13_800_138_000 + n},{n * 7},{n}.25,{100_000 + n}\n" for n in range(50))
    result = take(tmp_path, f"phone,count,degrees,code\n{lines}")
    assert result.detected == (Detected("phone", ContentKind.MOBILE_NUMBER, 50, 50),)


def test_columns_named_as_of_persons_are_told(tmp_path: Path) -> None:
    result = take(
        tmp_path, "姓名,家庭住址,name,手机号,Date_of_Birth\n张三,江岸区一号,机场,13800138000,2001-02-03\n"
    )
    assert [one.column for one in result.detected] == ["手机号"]
    assert [(one.code, one.column) for one in result.notices] == [
        ("personal-content", "手机号"),
        ("named-as-personal", "姓名"),
        ("named-as-personal", "家庭住址"),
        ("named-as-personal", "Date_of_Birth"),
    ]
    assert "POST /v1/products/{product_id}/personal-columns" in result.notices[1].message
