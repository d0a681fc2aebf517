"""What a column is proposed to be described as, and why: from its name and from a sample of its values. Pure.

Nothing is described by it: a person confirms or rejects each proposal.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.messages import Message, message_from_json, message_to_json
from listings.classification import recognisers
from listings.classification.kinds import SENSITIVE, PersonalKind
from listings.classification.lexicon import Reading, read_heading
from listings.gradings.domain import DECISION_TABLE_SOURCE, class_of
from listings.ingest.personal import ContentKind, Tally, plain
from listings.ingest.result import Kind
from listings.resources.domain import Classification

MAX_EXAMPLES = 3
_FEW = 5
"""Values below which content alone says nothing of names, addresses and plates."""

_YEAR = re.compile(r"19[0-9]{2}|20[0-9]{2}|2100")
_NUMBERED = frozenset({"order_number", "station_code", "barcode", "time", "credit_code", "division_code"})
"""What has numbers of its own, of which some look like those of persons."""

_NO_VALUE = frozenset(
    {"", "-", "--", "/", "无", "暂无", "未知", "未登记", "不详", "n/a", "na", "null", "none", "unknown"}
)
"""Words that say there is no value."""

_STRICT_KINDS = {
    ContentKind.RESIDENT_ID: PersonalKind.RESIDENT_ID,
    ContentKind.MOBILE_NUMBER: PersonalKind.MOBILE_NUMBER,
    ContentKind.BANK_CARD: PersonalKind.BANK_CARD,
    ContentKind.EMAIL: PersonalKind.EMAIL,
}
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.NUMBER})
_NOT_NAMES_OF_PERSONS = frozenset(
    {
        *("organisation_name", "station_name", "product_name", "division", "division_code", "order_number"),
        *("station_code", "time", "status", "barcode", "address"),
    }
)


@dataclass(frozen=True, slots=True)
class ColumnSample:
    """What is known of a column.

    :ivar values: some of its values as text, none of them missing, evenly spaced over the data.
    :ivar detected: what was found in every value when the file came in.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    detected: frozenset[ContentKind] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a column is proposed to be described as.

    :ivar personal_kind: what personal information it holds; None for none.
    :ivar classification: by the decision table, for what its name says would be harmed.
    :ivar confidence: of the personal kind, 0 to 1; of the meaning where it holds none.
    :ivar reasons: why, one sentence for each rule that spoke.
    :ivar examples: values with most of their characters hidden.
    """

    column: str
    title_zh: str
    title_en: str
    unit: str | None
    personal_kind: PersonalKind | None
    sensitive: bool
    classification: Classification
    confidence: float
    reasons: tuple[Message, ...] = ()
    examples: tuple[str, ...] = field(default=())

    @property
    def personal(self) -> bool:
        """Whether it holds personal information."""
        return self.personal_kind is not None

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping, whose reasons can still be translated; ``from_json`` reads it back."""
        return {**asdict(self), "reasons": [message_to_json(reason) for reason in self.reasons]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Proposal":
        """Read what ``to_json`` wrote.

        :raises KeyError, TypeError, ValueError: the document is of another shape.
        """
        kind = document["personal_kind"]
        return cls(
            **{
                **document,
                "personal_kind": PersonalKind(kind) if kind is not None else None,
                "classification": Classification(document["classification"]),
                "reasons": tuple(message_from_json(reason) for reason in document["reasons"]),
                "examples": tuple(document["examples"]),
            }
        )


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: PersonalKind
    confidence: float
    reasons: tuple[Message, ...]


def propose_all(samples: Sequence[ColumnSample]) -> list[Proposal]:
    """A proposal for each column of a table, each in the light of the others.

    Coordinates are personal in a table of persons only: of a station they are where the station is.
    """
    proposals = [propose(sample) for sample in samples]
    of_persons = any(one.personal_kind not in (None, PersonalKind.LOCATION) for one in proposals)
    return [
        one if of_persons or one.personal_kind is not PersonalKind.LOCATION else _place_of_things(one)
        for one in proposals
    ]


def propose(sample: ColumnSample) -> Proposal:
    """A proposal for one column by itself."""
    reading = read_heading(sample.name)
    sample = replace(sample, values=tuple(v for v in sample.values if v.strip().casefold() not in _NO_VALUE))
    finding = _personal(sample, reading)
    reasons: list[Message] = list(finding.reasons) if finding else []
    concept = reading.concept
    if concept is not None:
        reasons.append(
            Message(
                "The name {name} says {zh} ({en}).",
                name=sample.name,
                zh=concept.title_zh,
                en=concept.title_en,
            )
        )
    if reading.stated_unit:
        reasons.append(Message("The name states the unit {unit}.", unit=reading.unit))
    classification = Classification.GENERAL
    if concept is not None and concept.impact is not None:
        harmed, degree = concept.impact
        classification = class_of(harmed, degree)
        reasons.append(
            Message(
                "Harm to {harmed}, {degree}: {classification}, by the table of {source}.",
                harmed=harmed,
                degree=degree,
                classification=classification,
                source=DECISION_TABLE_SOURCE,
            )
        )
    numeric = sample.kind in _NUMBERS
    kind = finding.kind if finding else None
    return Proposal(
        column=sample.name,
        title_zh=concept.title_zh if concept and concept.code != "product_name" else sample.name,
        title_en=concept.title_en if concept and concept.code != "product_name" else sample.name,
        unit=reading.unit if reading.stated_unit or (numeric and concept) else None,
        personal_kind=kind,
        sensitive=kind is not None and (kind in SENSITIVE or bool(concept and concept.sensitive)),
        classification=classification,
        confidence=round(finding.confidence if finding else _meaning_confidence(reading), 2),
        reasons=tuple(reasons),
        examples=tuple(hidden(value) for value in dict.fromkeys(sample.values[:50]))[:MAX_EXAMPLES]
        if finding
        else (),
    )


def hidden(value: str) -> str:
    """A value of which no more than the first and the last character can be read."""
    text = value.strip()[:40]
    if len(text) <= 2:
        return "*" * len(text)
    return text[0] + "*" * (len(text) - 2) + text[-1]


def _meaning_confidence(reading: Reading) -> float:
    if reading.concept is None:
        return 0.0
    return 0.9 if reading.exact else 0.6


def _place_of_things(one: Proposal) -> Proposal:
    reason = Message("No column of the table is of persons, so the places are those of things.")
    document = {**one.to_json(), "personal_kind": None, "sensitive": False, "examples": []}
    return Proposal.from_json({**document, "reasons": [*document["reasons"], message_to_json(reason)]})


def _personal(sample: ColumnSample, reading: Reading) -> _Finding | None:
    """The most certain of what the rules find, content before headings."""
    found = [*_by_form(sample, reading), *_by_look(sample, reading), *_by_heading(sample, reading)]
    return max(found, key=lambda one: one.confidence, default=None)


def _by_form(sample: ColumnSample, reading: Reading) -> list[_Finding]:
    """Numbers with a check digit, mobile numbers and e-mail addresses: one detector for the file and for this."""
    tally = Tally(sample.name)
    for value in sample.values:
        tally.add(value)
    here = {one.kind: one.values for one in tally.detected(len(sample.values))}
    found = []
    concept = reading.concept
    contrary = concept is not None and concept.code in _NUMBERED
    for kind in ContentKind:
        if kind not in here and kind not in sample.detected:
            continue
        passed, of = here.get(kind, 0), len(sample.values)
        share = passed / of if of else 0.0
        confidence = 0.75 + 0.24 * min(1.0, share)
        agrees = concept is not None and concept.personal is _STRICT_KINDS[kind]
        if agrees:
            confidence = max(confidence, 0.97)
        elif contrary and share < 0.9 and kind is not ContentKind.EMAIL:
            confidence -= 0.35
        found.append(
            _Finding(
                _STRICT_KINDS[kind],
                confidence,
                (
                    Message(
                        "{passed} of {of} values that were looked at pass the test of {kind}.",
                        passed=passed,
                        of=of,
                        kind=kind,
                    ),
                ),
            )
        )
    return [one for one in found if one.confidence >= 0.5]


def _by_look(sample: ColumnSample, reading: Reading) -> list[_Finding]:
    """Names, addresses, plates and points: a large share of a column, or a smaller one under a heading of theirs."""
    if sample.kind is not Kind.TEXT or not sample.values:
        return []
    concept = reading.concept
    code = concept.code if concept else ""
    personal = concept.personal if concept else None
    found: list[_Finding] = []
    distinct = list(dict.fromkeys(value.strip() for value in sample.values))
    if (name := _names(distinct, personal is PersonalKind.PERSON_NAME, reading, code)) is not None:
        found.append(name)
    plates = _share(sample.values, recognisers.is_plate)
    if (len(distinct) >= _FEW and plates >= 0.7) or (
        personal is PersonalKind.VEHICLE_PLATE and plates >= 0.3
    ):
        found.append(_look(PersonalKind.VEHICLE_PLATE, 0.6 + 0.35 * plates, plates))
    if personal is PersonalKind.PASSPORT and (share := _share(sample.values, recognisers.is_passport)) >= 0.5:
        found.append(_look(PersonalKind.PASSPORT, 0.6 + 0.35 * share, share))
    if personal in (PersonalKind.TELEPHONE, PersonalKind.MOBILE_NUMBER):
        share = _share(sample.values, recognisers.is_landline)
        if share >= 0.3:
            found.append(_look(PersonalKind.TELEPHONE, 0.5 + 0.3 * share, share))
    addresses = _share(sample.values, lambda value: recognisers.address_parts(value) >= 2)
    dwellings = _share(sample.values, recognisers.is_dwelling)
    if len(distinct) >= _FEW and dwellings >= 0.5 and code not in ("organisation_name", "station_name"):
        confidence = 0.55 + 0.35 * dwellings
        found.append(_look(PersonalKind.ADDRESS, confidence - (0.1 if code == "address" else 0), dwellings))
    elif personal is PersonalKind.ADDRESS and addresses >= 0.3:
        found.append(_look(PersonalKind.ADDRESS, 0.6 + 0.35 * addresses, addresses))
    points = _share(sample.values, recognisers.is_point)
    if points >= 0.8:
        found.append(_look(PersonalKind.LOCATION, 0.6 + 0.3 * points, points))
    return found


def _names(distinct: Sequence[str], headed: bool, reading: Reading, code: str) -> _Finding | None:
    """Names of persons: surnames before characters that parents choose, of many families."""
    parts = [(value, recognisers.name_parts(value)) for value in distinct]
    written = [part for _, part in parts if part is not None]
    likely = [part for part in written if recognisers.is_given_name(part[1])]
    share = len(likely) / len(distinct)
    loose = len(written) / len(distinct)
    masked = sum(recognisers.is_masked_name(value) for value in distinct) / len(distinct)
    latin = sum(recognisers.is_latin_name(value) for value in distinct) / len(distinct)
    families = len({surname for surname, _ in likely})
    if headed or (reading.of_person and code in ("", "product_name")):
        best = max(share, masked, latin, loose * 0.8)
        return _look(PersonalKind.PERSON_NAME, 0.6 + 0.38 * best, best) if best >= 0.3 else None
    if code in _NOT_NAMES_OF_PERSONS and not (code == "product_name" and share >= 0.9 and families >= 12):
        return None
    if reading.concept is None and latin >= 0.9 and len(distinct) >= _FEW and reading.says_name:
        return _look(PersonalKind.PERSON_NAME, 0.45 + 0.2 * latin, latin)
    # Without a heading: nearly all of them, of several families, none of which has most of them.
    if len(distinct) < 8 or share < 0.6 or loose < 0.85 or families < min(6, len(distinct) // 2):
        return None
    common = Counter(surname for surname, _ in likely).most_common(1)[0][1]
    if common > 0.5 * len(likely):
        return None
    return _look(PersonalKind.PERSON_NAME, 0.45 + 0.45 * share, share)


def _by_heading(sample: ColumnSample, reading: Reading) -> list[_Finding]:
    """What no form tells, such as a date of birth, or what was hidden before it came here."""
    concept = reading.concept
    if concept is None or concept.personal is None or not sample.values:
        return []
    kind = concept.personal
    confidence = 0.7 if reading.exact else 0.55
    if kind is PersonalKind.BIRTH_DATE:
        fits = sample.kind in (Kind.DATE, Kind.TIMESTAMP) or _share(sample.values, _has_year) >= 0.5
        confidence = 0.92 if fits else 0.4
    elif kind is PersonalKind.LOCATION:
        if concept.code in ("longitude", "latitude"):
            confidence = 0.85 if _in_range(sample, concept.code) else 0.2
        elif _share(sample.values, recognisers.is_point) < 0.3:
            confidence = 0.4
    elif kind in (PersonalKind.RESIDENT_ID, PersonalKind.BANK_CARD, PersonalKind.MOBILE_NUMBER):
        # Found by its form where it is there in the clear: what is left is what was hidden before.
        starred = _share(
            sample.values, lambda value: "*" in value or "＊" in value or "x" * 4 in value.lower()
        )
        confidence = 0.75 if starred >= 0.3 else 0.35
    elif kind is PersonalKind.PERSON_NAME:
        confidence = 0.35  # by look, when there are names
    elif kind in (
        PersonalKind.VEHICLE_PLATE,
        PersonalKind.PASSPORT,
        PersonalKind.EMAIL,
        PersonalKind.ADDRESS,
    ):
        starred = _share(sample.values, lambda value: "*" in value or "＊" in value)
        confidence = 0.6 if starred >= 0.3 else 0.35
    elif kind is PersonalKind.TELEPHONE:
        confidence = 0.3
    elif kind is PersonalKind.DEMOGRAPHIC and sample.kind in _NUMBERS and concept.code != "age":
        confidence = 0.5
    if confidence < 0.5:
        return []
    return [_Finding(kind, confidence, (Message("The column is called as one of {kind}.", kind=kind),))]


def _look(kind: PersonalKind, confidence: float, share: float) -> _Finding:
    reason = Message(
        "{share} % of the values that were looked at are written as {kind}.",
        share=round(share * 100),
        kind=kind,
    )
    return _Finding(kind, min(confidence, 0.98), (reason,))


def _share(values: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, values)) / len(values) if values else 0.0


def _has_year(value: str) -> bool:
    return _YEAR.match(plain(value).strip()) is not None


def _in_range(sample: ColumnSample, code: str) -> bool:
    low, high = (73, 136) if code == "longitude" else (3, 54)
    try:
        inside = [low <= Decimal(value.rstrip("°")) <= high for value in sample.values]
    except InvalidOperation:
        return False
    return bool(inside) and sum(inside) >= 0.8 * len(inside)
