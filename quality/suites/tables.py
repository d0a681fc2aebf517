"""Table of suites. Products are opaque ids: quality does not know what a product is."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from infra.db import Table, enum_column, id_column, json_column, timestamp_column
from quality.classes import ProductClass
from quality.suites.domain import SuiteOrigin


class QualitySuite(Table, table=True):
    """One version of the checks that a product's revisions are judged by; append-only.

    ``number`` counts the versions of a product, from 1. ``checks`` are those of ``Check.to_json``; ``bases`` holds, by
    the name of a check that was proposed, what the proposal rests on; ``digest`` is ``domain.suite_digest``.
    """

    __tablename__ = "quality_suites"
    __table_args__ = (sa.UniqueConstraint("product_id", "number"),)

    id: UUID = id_column()
    product_id: UUID
    number: int
    product_class: ProductClass = enum_column(ProductClass)
    checks: list[dict[str, Any]] = json_column(default_factory=list)
    bases: dict[str, Any] = json_column()
    digest: str
    origin: SuiteOrigin = enum_column(SuiteOrigin)
    created_by: UUID
    created_at: datetime = timestamp_column()
