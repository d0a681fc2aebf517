"""Columns that come back under another name: what was strict or personal stays so. Pure but for the last function."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.auth import SYSTEM
from infra.db import AsyncSession
from infra.messages import Message, translate
from listings.findings import service as findings
from listings.gradings import service as gradings
from listings.gradings.domain import is_milder
from listings.products.tables import DataProduct
from listings.resources import service as resources
from listings.revisions.disclosure import get_disclosure
from listings.revisions.tables import ProductRevision

LEAST_DISTINCT = 5
"""Fewer distinct values make no column known by them."""

_MARKS = ("distinct", "minimum", "maximum", "length_min", "length_max", "values", "shape")


def renamed_columns(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """New columns that measure like one that is gone, with its name.

    :param before: profile of the columns of the revision before; ``after`` of the new one.
    """
    names = {column["name"] for column in after}
    gone = [column for column in before if column["name"] not in names]
    known = {column["name"] for column in before}
    found: dict[str, str] = {}
    for column in after:
        if column["name"] in known or column.get("distinct", 0) < LEAST_DISTINCT:
            continue
        like = [one["name"] for one in gone if _marks(one) == _marks(column)]
        if like:
            found[column["name"]] = like[0]
    return found


def _marks(column: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(
        tuple(value) if isinstance(value := column.get(mark), list | tuple) else value for mark in _MARKS
    )


async def follow_renames(
    session: AsyncSession,
    product: DataProduct,
    newest: ProductRevision | None,
    profile: Sequence[Mapping[str, Any]],
) -> None:
    """Give columns of a new revision that are renamed ones the class of those, and have them masked as those were.

    A guess that errs on the strict side: a re-grading takes it back.

    :param newest: the revision before; None where there is none.
    :param profile: of the new revision's columns.
    """
    if newest is None:
        return
    renamed = renamed_columns(newest.profile.get("columns", []), profile)
    if not renamed:
        return
    resource = await resources.get_resource(session, product.resource_id)
    classes = await gradings.get_classes(session, resource)
    for name, former in renamed.items():
        if is_milder(classes.floor(name), classes.floor(former)):
            reason = Message(
                "Column {name} measures as column {former} did before.", name=name, former=former
            )
            told = " ".join(translate(reason, language) for language in ("zh", "en"))
            await gradings.raise_class(session, SYSTEM, resource, name, classes.floor(former), told)
    personal = {
        entry.name for entry in (await get_disclosure(session, product, newest)).dictionary if entry.personal
    }
    hidden = [name for name, former in renamed.items() if former in personal]
    if hidden:
        await findings.mark_personal(session, SYSTEM, product.id, hidden)
