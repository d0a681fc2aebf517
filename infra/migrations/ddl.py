"""What migrations are written with: rights and append-only walls, multi-statement SQL, rulebook parameters.

Migrations run as the owner of the schema. The service connects as another role, which owns nothing and gets
exactly the rights that are named here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from infra.migrations import sql_files


def service_role() -> str:
    """Quoted name of the role that the service connects as."""
    return op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["service_role"])


def script(sql: str) -> None:
    """Run several statements at once (functions, triggers), without parameters."""
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None
    connection.run_async(lambda driver: driver.execute(sql))


def install(name: str, *, planner: Mapping[str, str] | None = None) -> None:
    """Run a versioned ``.sql`` file in the schema that is being migrated.

    :param name: as :func:`infra.migrations.sql_files.path_of` takes it: ``market/metering/admit_calls.v1``.
    :param planner: planner settings that its functions fix for themselves.
    """
    schema = op.get_bind().execute(sa.text("SELECT quote_ident(current_schema())")).scalar_one()
    script(sql_files.render(name, schema=schema, planner=planner, service_role=service_role()))


def grant(rights: str, table: str) -> None:
    """Give the service role rights on a table: ``grant("SELECT, INSERT", "journals")``."""
    op.execute(sa.text(f"GRANT {rights} ON {table} TO {service_role()}"))


def grant_function(signature: str) -> None:
    """Let the service role, and nobody else but the owner, call a function: ``grant_function("seal(int)")``."""
    op.execute(sa.text(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"))
    op.execute(sa.text(f"GRANT EXECUTE ON FUNCTION {signature} TO {service_role()}"))


def append_only(table: str) -> None:
    """The database refuses UPDATE, DELETE and TRUNCATE on the table; the service may read and insert."""
    script(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    grant("SELECT, INSERT", table)


def mutable(table: str, *, delete: bool = False) -> None:
    """The service may read, insert and update, and delete only where that is said."""
    grant("SELECT, INSERT, UPDATE" + (", DELETE" if delete else ""), table)


def written_by_functions(table: str) -> None:
    """The service may read the table; only functions of the owner (SECURITY DEFINER) write it."""
    op.execute(sa.text(f"REVOKE ALL ON {table} FROM {service_role()}"))
    grant("SELECT", table)


def status_edges(table: str, edges: Sequence[str]) -> None:
    """The database refuses a status that does not follow from the one before; replaces the edges set before.

    A change of a state machine needs a migration that calls this: a test holds the two together.

    :param edges: ``draft>submitted``, and ``>draft`` for what a new row may be.
    """
    arguments = ", ".join(f"'{edge}'" for edge in sorted(edges))
    for name, event, condition in (
        ("begins", "INSERT", ""),
        ("follows", "UPDATE", "WHEN (old.status IS DISTINCT FROM new.status)"),
    ):
        script(
            f"DROP TRIGGER IF EXISTS {table}_status_{name} ON {table};"
            f" CREATE TRIGGER {table}_status_{name} BEFORE {event} ON {table} FOR EACH ROW {condition}"
            f" EXECUTE FUNCTION keep_status_edges({arguments})"
        )


def parameter(
    key: str,
    value: Any,
    *,
    source: str,
    source_status: str,
    effective_from: str = "2025-01-01T00:00:00Z",
    version: int = 1,
) -> None:
    """Seed one rulebook parameter.

    :param value: JSON; exact decimals as text.
    :param source: the law, notice or house decision it comes from.
    :param source_status: how sure the source is: ``T`` read in full text, ``S`` read in an excerpt, ``M`` recalled
        and not verified, ``house`` decided by the market itself.
    """
    op.execute(
        sa.text(
            "INSERT INTO rulebook_parameters (id, key, version, value, effective_from, source, source_status)"
            " VALUES (gen_random_uuid(), :key, :version, CAST(:value AS jsonb), CAST(:since AS text)::timestamptz,"
            " :source, :status)"
        ).bindparams(
            key=key,
            version=version,
            value=json.dumps(value, ensure_ascii=False),
            since=effective_from,
            source=source,
            status=source_status,
        )
    )


def rule_kind(
    key: str,
    kind: str,
    title_zh: str,
    title_en: str,
    *,
    minimum: str | None = None,
    maximum: str | None = None,
    choices: Sequence[str] | None = None,
    unit: str | None = None,
) -> None:
    """Say what a rulebook parameter may hold. Every parameter has one; a test holds the two together.

    :param kind: ``boolean``, ``choice`` (with its choices), ``decimal`` or ``integer`` (with their bounds, included).
    """
    op.execute(
        sa.text(
            "INSERT INTO rulebook_kinds (key, type, minimum, maximum, choices, unit, title_zh, title_en)"
            " VALUES (:key, :type, :minimum, :maximum, CAST(:choices AS text[]), :unit, :title_zh, :title_en)"
        ).bindparams(
            key=key,
            type=kind,
            minimum=minimum,
            maximum=maximum,
            choices=None if choices is None else list(choices),
            unit=unit,
            title_zh=title_zh,
            title_en=title_en,
        )
    )


def check_in(column: str, values: Sequence[str]) -> str:
    """SQL of a check that a column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
