"""SQL of the catalogue: what has changed, and what is on the market.

It reads the tables of other slices itself: a hundred thousand products are read in one go when a process starts. Every
table that is named here has a trigger that notes its changes; a test holds the two together.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from infra.db import AsyncSession
from listings.gradings.domain import EFFECTIVE

WHICH_SERVER = "SELECT system_identifier, timeline_id FROM pg_control_system(), pg_control_checkpoint()"
"""Another server than before, or one that was restored or took over, may have lost what was read from it."""

CHANGED = """
SELECT now() AS moment, pg_current_snapshot()::text AS snapshot,
       ARRAY(SELECT DISTINCT ON (key) key || ' ' || version FROM rulebook_parameters
              WHERE key = ANY($2) AND effective_from <= now()
              ORDER BY key, effective_from DESC, version DESC) AS rules,
       ARRAY(SELECT DISTINCT subject_id FROM catalogue_changes
              WHERE changed_by >= pg_snapshot_xmin($1::text::pg_snapshot)::text::bigint
                -- Of a database that was restored the notes bear numbers that are yet to come.
                AND changed_by < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                AND NOT pg_visible_in_snapshot(changed_by::text::xid8, $1::text::pg_snapshot)) AS subjects
"""
"""The database's time, what is visible now, the versions of some rules that are in force, and the subjects of the
changes that were not visible in a snapshot."""

_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid()))

_PRODUCTS_OF = sa.text(
    """
    SELECT id FROM data_products WHERE id = ANY(:ids)
     UNION SELECT product_id FROM product_revisions WHERE id = ANY(:ids)
     UNION SELECT id FROM data_products WHERE authorisation_id = ANY(:ids)
     UNION SELECT id FROM data_products WHERE resource_id = ANY(:ids)
     UNION SELECT id FROM data_products WHERE operator_id = ANY(:ids)
     UNION SELECT id FROM data_products WHERE owner_id = ANY(:ids)
     UNION SELECT p.id FROM authorisation_resources g
             JOIN data_products p ON p.authorisation_id = g.authorisation_id AND p.resource_id = g.resource_id
            WHERE g.right_id = ANY(:ids) OR g.owner_id = ANY(:ids)
    """
).bindparams(_IDS)

_NEXT_IDS = sa.text(
    "SELECT id FROM data_products WHERE status = 'published' AND id > :after ORDER BY id LIMIT :limit"
)

_ENTRIES = sa.text(
    """
    SELECT p.id, p.operator_id, p.owner_id, p.title_zh, p.title_en, p.description_zh, p.description_en, p.themes,
           p.update_frequency, p.delivery_classes, p.published_at, p.dictionary,
           a.regions, a.valid_from, a.columns AS authorised_columns, plan.charges,
           d.classification, d.raw_data_stays, assessed.sha256 AS assessed,
           (SELECT json_agg(json_build_array(c.column_name, c.classification, c.resource_classification) ORDER BY c.id)
              FROM column_gradings c
             WHERE c.resource_id = d.id AND c.action = ANY(:effective)) AS gradings,
           least(a.valid_until, stopped.coming, assessed.valid_until, served.waived_until,
                 (SELECT min(c.effective_at) FROM schema_changes c WHERE c.product_id = p.id
                     AND c.status = 'announced' AND c.effective_at > now())) AS valid_until,
           holder.name_zh AS owner_zh, holder.name_en AS owner_en,
           seller.name_zh AS operator_zh, seller.name_en AS operator_en,
           served.id AS revision_id, served.uploaded_at, served.columns, served.grade, served.score,
           EXISTS (SELECT FROM revision_contents f WHERE f.revision_id = served.id AND f.detected <> '[]') AS detected
      FROM data_products p
      JOIN authorisations a ON a.id = p.authorisation_id
      JOIN authorisation_resources g
        ON g.authorisation_id = a.id AND g.version = a.version AND g.resource_id = p.resource_id
      JOIN data_resources d ON d.id = p.resource_id
      JOIN organisations holder ON holder.id = p.owner_id
      JOIN organisations seller ON seller.id = p.operator_id
      JOIN price_plans plan ON plan.id = p.plan_id
      LEFT JOIN LATERAL (
           SELECT newest.sha256, newest.valid_until
             FROM (SELECT r.sha256, r.valid_until FROM resource_assessments r
                    WHERE r.resource_id = d.id AND r.kind = 'risk' ORDER BY r.number DESC LIMIT 1) newest
            WHERE newest.valid_until IS NULL OR newest.valid_until > now()) assessed ON true
      JOIN LATERAL (
           SELECT r.id, r.uploaded_at, r.columns, q.grade, q.score,
                  CASE WHEN q.status <> 'passed' THEN w.until END AS waived_until
             FROM product_revisions r
             JOIN LATERAL (SELECT id FROM quality_runs WHERE revision_id = r.id AND NOT trial
                            ORDER BY requested_at DESC, id DESC LIMIT 1) newest ON true
             JOIN quality_reports q ON q.run_id = newest.id
             LEFT JOIN LATERAL (SELECT max(expires_at) AS until FROM quality_waivers
                                 WHERE report_id = q.id AND revoked_at IS NULL AND expires_at > now()) w ON true
             JOIN quality_runs n ON n.id = newest.id AND n.status = 'done'
             LEFT JOIN schema_changes c ON c.product_id = r.product_id AND c.version = r.schema_version
            WHERE r.product_id = p.id AND r.id <> ALL(:withheld) AND r.purged_at IS NULL
              AND (q.status = 'passed' OR w.until IS NOT NULL)
              AND (c.id IS NULL OR c.status = 'announced' AND c.effective_at <= now())
              AND NOT EXISTS (SELECT FROM stops s
                               WHERE s.subject_id = r.id AND s.lifted_at IS NULL AND s.begins_at <= now())
            ORDER BY c.effective_at DESC NULLS LAST, r.number DESC LIMIT 1) served ON true
     CROSS JOIN LATERAL (
           SELECT coalesce(bool_or(s.begins_at <= now() AND s.subject_id <> served.id), false) AS now,
                  min(s.begins_at) FILTER (WHERE s.begins_at > now()) AS coming
             FROM stops s
            WHERE s.lifted_at IS NULL
              AND s.subject_id IN (p.id, a.id, p.resource_id, g.right_id, g.owner_id, a.operator_id, served.id)) stopped
     WHERE p.id = ANY(:ids) AND p.status = 'published' AND p.purposes && a.purposes
       AND a.status = 'active' AND a.valid_until > now() AND NOT stopped.now
    """
).bindparams(
    _IDS,
    sa.bindparam("withheld", type_=sa.ARRAY(sa.Uuid())),
    sa.bindparam("effective", sorted(EFFECTIVE), type_=sa.ARRAY(sa.String())),
)

_FORGET = sa.text("DELETE FROM catalogue_changes WHERE changed_at < now() - interval '1 day'")


async def product_ids(session: AsyncSession, subjects: Collection[UUID]) -> set[UUID]:
    """Products, whatever their status, that are among these things or rest on one of them."""
    return set((await session.execute(_PRODUCTS_OF, {"ids": list(subjects)})).scalars())


async def next_product_ids(session: AsyncSession, after: UUID, limit: int) -> Sequence[UUID]:
    """Ids of published products after an id, in their order."""
    return (await session.execute(_NEXT_IDS, {"after": after, "limit": limit})).scalars().all()


async def entries(
    session: AsyncSession, ids: Collection[UUID], withheld: Collection[UUID]
) -> Sequence[Mapping[str, Any]]:
    """What the search knows of those of the products that are on the market, or will be by the clock.

    :param withheld: revisions that are not shown, so that an earlier one is served.
    """
    found = await session.execute(_ENTRIES, {"ids": list(ids), "withheld": list(withheld)})
    return [dict(row) for row in found.mappings()]


async def forget_changes(session: AsyncSession) -> None:
    """Delete what every process has read by now: a day after it was written."""
    await session.execute(_FORGET)
