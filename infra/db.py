"""The database: engine, sessions, naming convention and the column kinds every table uses.

One request is one transaction. A session that fails to commit fails its request, because the commit
happens in the dependency's clean-up, before the response is sent.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as PlainAsyncSession
from sqlalchemy.orm import Session as PlainSession
from sqlmodel import Field, SQLModel
from sqlmodel import Session as SQLModelSession
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelAsyncSession

from infra.messages import packed, unpacked
from infra.telemetry.database import ObservedPool, observe_engine

__all__ = [
    "AsyncSession",
    "MessageText",
    "SessionMaker",
    "Table",
    "create_engine",
    "create_sessions",
    "enum_column",
    "id_column",
    "json_column",
    "message_column",
    "new_id",
    "now",
    "snapshot",
    "timestamp_column",
    "transaction",
    "uuid_array_column",
]


class _Session(SQLModelSession):
    # SQLModel marks execute() as deprecated in favour of exec(), which takes selects only: inserts of many rows,
    # functions and text still need execute().
    execute = PlainSession.execute


class AsyncSession(SQLModelAsyncSession):
    """A session: ``exec`` for typed selects, ``execute`` for everything else."""

    sync_session_class = _Session
    execute = PlainAsyncSession.execute


SessionMaker = async_sessionmaker[AsyncSession]

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING_CONVENTION


class Table(SQLModel):
    """Base of every table class. A table validates nothing: data goes through a schema first."""

    # Rows are not validated: nothing is built for that until somebody asks.
    model_config = {"defer_build": True}


def new_id() -> UUID:
    """A fresh UUIDv7: made in the application, ordered by time of making."""
    return UUID(int=uuid_utils.uuid7().int)


def id_column() -> Any:
    """Primary key: a UUIDv7 made by the application."""
    return Field(default_factory=new_id, primary_key=True)


def timestamp_column(*, nullable: bool = False, index: bool = False) -> Any:
    """``timestamptz``; naive values are refused by the driver."""
    default: Any = None if nullable else ...
    return Field(default, sa_type=sa.DateTime(timezone=True), nullable=nullable, index=index)


def enum_column(kind: type[Enum], *, default: Any = ..., nullable: bool = False, index: bool = False) -> Any:
    """An enumeration stored as its value in text, checked by the database."""
    column_type = sa.Enum(
        kind,
        native_enum=False,
        length=40,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
        # The naming convention puts the table's name in front.
        name=re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(),
    )
    return Field(default, sa_type=column_type, nullable=nullable, index=index)


def json_column(*, default_factory: Any = dict, nullable: bool = False) -> Any:
    """``jsonb``. Decimals go in as text: JSON numbers would lose them."""
    if nullable:
        return Field(None, sa_type=JSONB, nullable=True)
    return Field(default_factory=default_factory, sa_type=JSONB, nullable=False)


class MessageText(sa.TypeDecorator[str]):
    """``jsonb`` that holds a text: a string, or a message that can still be translated."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> Any:
        """How a text is stored."""
        return packed(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> str | None:
        """The text as it was stored: a :class:`Message`, or what somebody wrote."""
        text = unpacked(value)
        return None if text is None else text if isinstance(text, str) else str(text)


def message_column() -> Any:
    """``jsonb``: a text for people that is told in each reader's language, as far as it is a :class:`Message`.

    What a person wrote, and what was stored before it could be translated, is a plain string.
    """
    return Field(sa_type=MessageText, nullable=False)


def uuid_array_column() -> Any:
    """``uuid[]``."""
    return Field(default_factory=list, sa_type=sa.ARRAY(sa.Uuid()), nullable=False)


def create_engine(url: str, *, pool_size: int = 5, max_overflow: int = 5, echo: bool = False) -> AsyncEngine:
    """An engine on asyncpg.

    :param url: ``postgresql://…`` as a user writes it, with or without ``+asyncpg``.
    """
    address = sa.make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        address,
        poolclass=ObservedPool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=10,
        # A restarted server is noticed at check-out, so the service recovers by itself.
        pool_pre_ping=True,
        echo=echo,
        connect_args={
            "timeout": 10,
            "command_timeout": 60,
            "server_settings": {"application_name": "data-market"},
        },
    )
    observe_engine(engine)
    return engine


def create_sessions(engine: AsyncEngine) -> SessionMaker:
    """The session maker of one process."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: SessionMaker) -> AsyncIterator[AsyncSession]:
    """A session whose transaction commits at the end of the block, or is rolled back as a whole."""
    async with sessions() as session, session.begin():
        yield session


@asynccontextmanager
async def snapshot(sessions: SessionMaker) -> AsyncIterator[AsyncSession]:
    """A read-only session all of whose statements see one moment; it waits for nobody and holds nobody up."""
    async with sessions() as session, session.begin():
        await session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        yield session


async def now(session: AsyncSession) -> datetime:
    """The database's time at the start of the transaction (UTC): the only clock that decisions use."""
    return (await session.execute(sa.select(sa.func.now()))).scalar_one()
