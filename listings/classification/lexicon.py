"""Our own lexicon of what columns are called, in Chinese, in English and by abbreviation. Pure but for reading it."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from listings.classification.kinds import PersonalKind
from listings.gradings.domain import ImpactDegree, ImpactObject

FILE = Path(__file__).with_name("lexicon.tsv")
_UNIT = re.compile(r"[(（\[【]\s*([^()（）\[\]【】]{1,16})\s*[)）\]】]\s*$")
_SUFFIX_UNITS = {
    "mm": "mm", "cm": "cm", "km": "km", "kg": "kg", "pct": "%", "percent": "%", "kwh": "kWh", "kw": "kW",
    "ugm3": "µg/m³", "mgl": "mg/L", "ms": "m/s", "kmh": "km/h", "hpa": "hPa", "db": "dB", "celsius": "℃", "yuan": "元",
}  # fmt: skip
_STOP = frozenset(
    {"the", "of", "a", "an", "no", "number", "name", "code", "value", "avg", "mean", "max", "min"}
)
_ROLES = (
    "(?:申请|联系|负责|监护|收件|收货|投保|被保险|办理|填报|检查|经办|委托|当事|举报|投诉|报案|持证|纳税)人"
    "|患者|学生|教师|业主|户主|司机|驾驶员|职工|员工|居民|医师|家长|法人|本人|配偶|子女|人员$"
)

_OF_PERSON = re.compile(_ROLES)


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing that columns hold."""

    code: str
    names: tuple[str, ...]
    title_zh: str
    title_en: str
    unit: str | None
    personal: PersonalKind | None
    sensitive: bool
    impact: tuple[ImpactObject, ImpactDegree] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a heading is taken to say.

    :ivar exact: the whole heading is a known name, not a part of it.
    :ivar word: the known name that was found.
    :ivar unit: stated in the heading itself, or usual for the concept.
    :ivar stated_unit: whether the heading states it.
    :ivar of_person: the heading names somebody in a role, such as an applicant.
    :ivar says_name: it says that it holds names, of whatever.
    """

    concept: Concept | None
    exact: bool
    word: str
    unit: str | None
    stated_unit: bool
    of_person: bool
    says_name: bool


@cache
def concepts() -> tuple[Concept, ...]:
    """All of the lexicon."""
    found = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        code, chinese, english, zh, en, unit, personal, sensitive, harmed, degree = line.split("\t")
        names = tuple(_plain(name) for name in (*chinese.split("|"), *english.split("|")) if name)
        found.append(
            Concept(
                code,
                names,
                zh,
                en,
                unit or None,
                PersonalKind(personal) if personal != "-" else None,
                sensitive == "1",
                (ImpactObject(harmed), ImpactDegree(degree)) if harmed != "-" else None,
            )
        )
    return tuple(found)


@cache
def _by_name() -> dict[str, Concept]:
    return {name: concept for concept in reversed(concepts()) for name in concept.names}


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).strip()
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    text = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.sub(r"[\s_.:：/\\-]+", " ", text).strip().casefold()


def read_heading(name: str) -> Reading:
    """What a column is taken to hold by its name alone."""
    text = unicodedata.normalize("NFC", name)
    stated = _UNIT.search(text)
    bare = _plain(_UNIT.sub("", text) if stated else text)
    words = bare.split(" ")
    suffix = _SUFFIX_UNITS.get(words[-1]) if len(words) > 1 else None
    if suffix:
        bare = " ".join(words[:-1])
    unit = stated[1].strip() if stated else suffix
    concept, word = _find(bare)
    return Reading(
        concept,
        exact=concept is not None and word == bare,
        word=word,
        unit=unit or (concept.unit if concept else None),
        stated_unit=unit is not None,
        of_person=_OF_PERSON.search(bare) is not None,
        says_name=bare.endswith(("name", "名")),
    )


def _find(bare: str) -> tuple[Concept | None, str]:
    known = _by_name()
    if bare in known:
        return known[bare], bare
    best = ""
    if re.search(r"[㐀-鿿]", bare):
        # In Chinese what a thing is stands last: 监测站名称 is a name, 姓名拼音 is none.
        for name in known:
            if len(name) >= 2 and bare.endswith(name) and len(name) > len(best):
                best = name
        if not best:
            for name in known:
                if len(name) >= 3 and name in bare and re.search(r"[㐀-鿿]", name) and len(name) > len(best):
                    best = name
    else:
        words = bare.split(" ")
        for start in range(len(words)):
            tail = " ".join(words[start:])
            if tail in known and (tail not in _STOP or start == 0):
                best = tail
                break
        if not best:
            for size in range(len(words) - 1, 0, -1):
                head = " ".join(words[:size])
                if head in known and head not in _STOP:
                    best = head
                    break
    return (known[best], best) if best else (None, "")
