"""The standard code lists: how many codes, and which."""

import pytest

from quality.standards import LISTS, values_of


@pytest.mark.parametrize(
    ("code", "count", "inside", "outside"),
    [
        (
            "gb_t_2260",
            3_227,
            {"110000", "310115", "440300", "659001", "820000"},
            {"000000", "310199", "99", ""},
        ),
        ("iso_4217", 178, {"CNY", "USD", "XAU"}, {"RMB", "DEM"}),
        ("iso_3166_1_alpha_2", 249, {"CN", "NA"}, {"XX", "UK"}),
        ("iso_3166_1_alpha_3", 249, {"CHN", "USA"}, {"CN"}),
        ("iso_3166_2_us", 57, {"TX", "PR"}, {"NA"}),
        ("gb_t_2261_1", 4, {"0", "9"}, {"3"}),
        ("units", 211, {"µg/m³", "mg/L", "%", "万元"}, {"?"}),
    ],
)
def test_a_list_holds_the_codes_of_its_standard(
    code: str, count: int, inside: set[str], outside: set[str]
) -> None:
    values = values_of(code)
    assert len(values) == count
    assert inside <= values
    assert not outside & values


def test_every_list_says_where_it_is_from() -> None:
    for code, known in LISTS.items():
        assert known.code == code
        assert known.values
        assert known.title.zh
        assert known.title.en
        assert known.source
