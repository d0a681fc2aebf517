"""Every stop was placed and lifted by a decision in the audit log, and what has ended for good is still stopped.

Every resource has the one stop that its registration says, from the instant on at which that ends.
"""

from infra.messages import Message
from market.settlement.reconciliation.checks.query import QueryCheck
from market.settlement.reconciliation.domain import BreakKind

# An end that a migration found without a stop got one from the service itself, whose ids are zero; so did the time of
# grace of a resource that is older than registration.
check = QueryCheck(
    BreakKind.STOP,
    "stop",
    """
SELECT s.id::text, 1::bigint, NULL::text, s.placed_at, NULL::uuid,
       'undecided', jsonb_build_object('kind', s.subject_kind, 'id', s.subject_id)
  FROM stops s
 WHERE NOT (s.placed_by_organisation = '00000000-0000-0000-0000-000000000000'
            AND (s.final OR s.subject_kind = 'registration'
                 AND EXISTS (SELECT FROM data_resources r WHERE r.id = s.subject_id AND r.grace_from = s.placed_at)))
   AND NOT EXISTS (SELECT FROM audit_entries e
                    WHERE e.subject_id = s.subject_id AND e.action = s.subject_kind || '.stopped'
                      AND e.organisation_id = s.placed_by_organisation AND e.detail ->> 'stop_id' = s.id::text)
UNION ALL
SELECT s.id::text, -1, NULL, s.lifted_at, NULL,
       CASE WHEN s.final THEN 'final' ELSE 'lifted' END,
       jsonb_build_object('kind', s.subject_kind, 'id', s.subject_id)
  FROM stops s
 WHERE s.lifted_at IS NOT NULL
   AND (s.final OR NOT EXISTS (
        SELECT FROM audit_entries e
         WHERE e.subject_id = s.subject_id AND e.action = s.subject_kind || '.stop_lifted'
           AND e.actor_id = s.lifted_by AND e.detail -> 'stop_ids' ? s.id::text))
UNION ALL
SELECT x.id::text, -1, NULL, x.ended, NULL, 'ended', jsonb_build_object('kind', x.kind)
  FROM (SELECT id, 'agreement' AS kind, terminated_at AS ended FROM agreements WHERE status = 'terminated'
        UNION ALL
        SELECT id, 'authorisation', ended_at FROM authorisations WHERE status = 'revoked') x
 WHERE NOT EXISTS (SELECT FROM stops s WHERE s.subject_id = x.id AND s.final AND s.lifted_at IS NULL)
UNION ALL
SELECT d.subject_id::text, -1, NULL, d.recorded_at, NULL, 'gone', jsonb_build_object('id', d.detail ->> 'stop_id')
  FROM audit_entries d
 WHERE d.recorded_at > now() - interval '35 days' AND d.action LIKE '%.stopped' AND d.detail ? 'stop_id'
   AND NOT EXISTS (SELECT FROM stops s WHERE s.id::text = d.detail ->> 'stop_id' AND s.subject_id = d.subject_id)
UNION ALL
SELECT r.id::text, CASE WHEN n.stops > 1 THEN n.stops - 1 ELSE -1 END, NULL, r.created_at, r.owner_id,
       CASE WHEN n.stops = 1 THEN 'registration_end' ELSE 'registration_stops' END,
       jsonb_build_object('count', n.stops)
  FROM data_resources r
 CROSS JOIN LATERAL (
       SELECT count(*) AS stops,
              bool_and(s.begins_at = CASE WHEN r.registration_cancelled_at IS NOT NULL THEN r.registration_cancelled_at
                                          WHEN r.registered_until IS NULL THEN r.created_at
                                          -- Placed late, for an end that has passed, it begins when it is placed.
                                          ELSE greatest(r.registered_until, s.placed_at) END) AS exact
         FROM stops s
        WHERE s.subject_id = r.id AND s.subject_kind = 'registration' AND s.lifted_at IS NULL) n
 WHERE n.stops <> 1 OR NOT n.exact
UNION ALL
SELECT r.id::text, -1, NULL, coalesce(v.registered_at, r.created_at), r.owner_id, 'registration', NULL
  FROM data_resources r
  LEFT JOIN LATERAL (SELECT * FROM registrations v WHERE v.resource_id = r.id ORDER BY v.number DESC LIMIT 1) v ON true
 WHERE (r.registration_code IS DISTINCT FROM v.code
        OR v.code IS NOT NULL AND r.registered_until IS DISTINCT FROM v.valid_until
        OR (r.registration_cancelled_at IS NOT NULL) <> coalesce(v.kind = 'cancellation', false))
    """,
    {
        "undecided": Message("on {kind} {id} is in no decision of the audit log"),
        "final": Message("on {kind} {id} is final and was lifted"),
        "lifted": Message("on {kind} {id} was lifted by no decision of the audit log"),
        "ended": Message("the {kind} has ended and no final stop is on it"),
        "gone": Message("stop {id} is gone"),
        "registration_stops": Message("has {count} stops of its registration in place of one"),
        "registration_end": Message("the stop of its registration begins at another instant than that ends"),
        "registration": Message("is not registered as its newest registration says"),
    },
)
