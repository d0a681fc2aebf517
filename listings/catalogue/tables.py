"""Table of what has changed in the catalogue."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from infra.db import Table, timestamp_column


class CatalogueChange(Table, table=True):
    """One thing that a transaction changed and the catalogue shows or depends on; written by triggers only.

    ``changed_by`` is the transaction's number (``pg_current_xact_id()``), ``subject_id`` the id of a product, a
    revision, an authorisation, a resource, a right or an organisation.
    """

    __tablename__ = "catalogue_changes"

    changed_by: int = Field(
        sa_type=sa.BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    subject_id: UUID = Field(primary_key=True)
    changed_at: datetime = timestamp_column()
