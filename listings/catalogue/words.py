"""A price and the terms of a licence as sentences, in both languages. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from infra import units
from infra.labels import Label
from listings.authorisations.domain import SCENARIO_LABELS, Scenario
from pricing.models.flat import Flat
from pricing.models.per_unit import PerUnit
from pricing.models.rating import Charge
from pricing.regulated.purposes import PUBLIC_PURPOSES, PURPOSE_TERMS, PurposeClass

_WHOLE_COUNTRY = "100000"


def price_in_words(charges: Iterable[Charge], currency: str) -> list[Label]:
    """One sentence for each charge of a plan."""
    return [_charge(charge, currency) for charge in charges]


def _charge(charge: Charge, currency: str) -> Label:
    if isinstance(charge, Flat):
        return _flat(charge, currency)
    unit = units.UNITS.by_code[charge.metric]
    if not isinstance(charge, PerUnit) or not charge.unit_price:
        return Label(f"{unit.label.zh}不收费。", f"{unit.label.en} are free.")
    price = f"{charge.unit_price:f} {currency}"
    zh, en = f"每{unit.measure}{unit.noun}{price}", f"{price} for each {unit.one}"
    if not charge.allowance:
        return Label(f"{zh}。", f"{en}.")
    free = f"{charge.allowance:,}"
    return Label(
        f"{zh}；每个计费周期的前{free}{unit.measure}免费。",
        f"{en}; the first {free} {unit.one if charge.allowance == 1 else unit.many} of each billing period are free.",
    )


def _flat(charge: Flat, currency: str) -> Label:
    if not charge.amount:
        return Label("没有固定费用。", "There is no flat charge.")
    price = f"{charge.amount:f} {currency}"
    return Label(
        f"每个已开始的计费周期收取固定费用{price}。",
        f"{price} for each billing period that has begun, whatever the use.",
    )


def terms_in_words(
    purposes: Sequence[str],
    scenarios: Sequence[str],
    regions: Sequence[str],
    columns: int,
    valid_until: datetime,
    *,
    public_is_free: bool,
) -> list[Label]:
    """What a licence of a product allows, each term a sentence.

    :param valid_until: end of the authorisation, which no licence outlives.
    :param public_is_free: by the rules in force, use for public purposes costs nothing.
    """
    kinds = [_purpose(PurposeClass(code)) for code in purposes]
    told = [
        Label(
            f"可用于：{'、'.join(kind.zh for kind in kinds)}。",
            f"May be used for {', '.join(k.en for k in kinds)}.",
        )
    ]
    free = [_purpose(PurposeClass(code)) for code in purposes if PurposeClass(code) in PUBLIC_PURPOSES]
    if free and public_is_free:
        told.append(
            Label(
                f"用于{'、'.join(k.zh for k in free)}的不收费。",
                f"Free of charge for {', '.join(k.en for k in free)}.",
            )
        )
    where = [SCENARIO_LABELS[Scenario(code)] for code in scenarios]
    told.append(
        Label(
            f"适用场景：{'、'.join(s.zh for s in where)}。", f"Scenarios: {', '.join(s.en for s in where)}."
        )
        if Scenario.ALL not in scenarios
        else Label("不限场景。", "In any scenario.")
    )
    told.append(
        Label("适用于全国。", "In the whole country.")
        if _WHOLE_COUNTRY in regions
        else Label(
            f"适用地区（GB/T 2260）：{'、'.join(regions)}。",
            f"In the regions {', '.join(regions)} (GB/T 2260).",
        )
    )
    day = valid_until.date().isoformat()
    limited = units.UNITS.quotas
    return [
        *told,
        Label(
            f"许可不得晚于授权终止，即{day}（UTC）。",
            f"No licence outlives the authorisation, which ends on {day} (UTC).",
        ),
        Label(
            f"许可可选取{columns}列中的任意列。",
            f"A licence covers any of its {columns} {'column' if columns == 1 else 'columns'}.",
        ),
        Label(
            f"可约定额度：{'、'.join(unit.label.zh for unit in limited)}。",
            f"Quotas can be agreed on {', '.join(unit.label.en.lower() for unit in limited)}.",
        ),
    ]


def _purpose(kind: PurposeClass) -> Label:
    terms = PURPOSE_TERMS[kind]
    return Label(terms.chinese[0], terms.english)
