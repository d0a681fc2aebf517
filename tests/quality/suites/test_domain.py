"""Suites: the class that a first revision suggests, and what two versions differ in. Pure."""

from quality.checks import Check, CheckType, Dimension
from quality.classes import ProductClass
from quality.suites.domain import class_of, compare, suite_digest

KEY = Check(CheckType.UNIQUE, ("id",), Dimension.ACCURACY)
FILLED = Check(CheckType.NOT_NULL, ("id",), Dimension.COMPLETENESS)
FORM = Check(CheckType.MATCHES, ("id",), Dimension.CONFORMITY, {"pattern": "[0-9]+"})


def test_a_class_that_asks_for_more_is_not_suggested_where_little_is_measured() -> None:
    assert class_of({"id": "text"}, [KEY, FILLED]) is ProductClass.GENERAL
    assert class_of({"id": "text"}, [KEY, FILLED, FORM]) is ProductClass.REGISTER


def test_versions_differ_check_by_check_whatever_their_order() -> None:
    before, after = [KEY.to_json(), FILLED.to_json()], [FORM.to_json(), KEY.to_json()]
    assert [(change.name, change.before is None) for change in compare(before, after)] == [
        ("matches:id", True),
        ("not_null:id", False),
    ]
    assert compare(before, before[::-1]) == []
    assert suite_digest(1, ProductClass.GENERAL, before) != suite_digest(2, ProductClass.GENERAL, before)
