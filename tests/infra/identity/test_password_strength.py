"""Which passwords may be chosen, and what those that may not are told."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.identity.password_strength import password_weakness
from infra.messages import translate

KNOWN = ("li.wei@bureau.example", "Li Wei", "市环境监测中心", "City Environment Monitoring Centre")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "a quiet river at night",
        "数据要素 市场化配置 改革开放",
        "7hG-kq2-ZZp-19x",
        "gläserne Brücke im Regen",
        "x" + "0123456789abcdef9f4e" * 6,
    ],
)
def test_what_is_hard_to_guess_passes(password: str) -> None:
    assert password_weakness(password, KNOWN) is None


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("x7#Kq!m2Zr9p", "15 to 128 characters"),
        ("short", "15 to 128 characters"),
        ("a" * 129, "15 to 128 characters"),
        ("passwordpassword", "repeats"),
        ("abababababababab", "repeats"),
        ("P@ssw0rd!P@ssw0rd!", "repeats"),
        ("Password123456789!", "many people use"),
        ("iloveyouiloveyou", "repeats"),
        ("1qaz2wsx3edc4rfv", "many people use"),
        ("qwertyuiopasdfghjkl", "many people use"),
        ("zxcvbnm,./asdfghjkl", "keyboard"),
        ("123456789012345", "many people use"),
        ("abcdefghijklmnopqrst", "sequence"),
        ("2026-11-21-2026", "date"),
        ("li.wei@bureau.example", "your own name"),
        ("LiWeiBureauExample", "your own name"),
        ("city environment monitoring", "your own name"),
        ("市环境监测中心市环境监测中心2026", "your own name"),
    ],
)
def test_what_is_easy_to_guess_is_told_so_in_both_languages(password: str, told: str) -> None:
    weakness = password_weakness(password, KNOWN)
    assert weakness is not None
    assert told in translate(weakness, "en")
    assert "密码" in translate(weakness, "zh")


def test_what_is_known_of_one_person_is_not_held_against_another() -> None:
    password = "bramblewick-harrowgate-7"
    assert password_weakness(password, ["bramblewick@harrowgate.example"]) is not None
    assert password_weakness(password, ["li@bureau.example"]) is None

    def judge(number: int) -> bool:
        mine = number % 2 == 0
        known = ["bramblewick@harrowgate.example"] if mine else ["li@bureau.example"]
        return (password_weakness(password, known) is not None) is mine

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(judge, range(40)))


@pytest.mark.parametrize(
    "password",
    ["@48({[<3€6961!|l70$5+7%2" * 5, "4@8({3€6!0$7%2|1" * 8, "19" * 64, "p4$$w0rd" * 16, "qwertyuiop[]" * 10],
)
def test_no_password_takes_long_to_judge(password: str) -> None:
    began = time.process_time()
    password_weakness(password, KNOWN)
    assert time.process_time() - began < 4  # the first of these took seven seconds, with nothing else running
