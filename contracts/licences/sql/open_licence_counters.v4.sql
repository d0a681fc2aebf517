-- Opens the counters of a licence that is being issued, from what was signed: nothing of them comes from the caller, who
-- has no other way to make or to change them. Refuses a licence that is not its agreement's, and a second opening.
CREATE OR REPLACE FUNCTION open_licence_counters(p_licence uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    INSERT INTO licence_counters (licence_id, agreement_id, product_id, links, valid_from, valid_until, sole_purpose,
                                  quota_1, quota_2, quota_3, quota_4, quota_5, quota_6, quota_7, quota_8,
                                  used_1, used_2, used_3, period_no, period_1, period_2, period_3, period_opened_at,
                                  tokens_ended, period_month, period_ends_at)
    SELECT l.id, l.agreement_id, l.product_id,
           ARRAY(SELECT DISTINCT unnest(ARRAY[
               a.id, a.product_id, a.owner_id, a.operator_id, a.buyer_id, (a.document ->> 'resource_id')::uuid,
               (a.document ->> 'authorisation_id')::uuid, (a.document ->> 'right_id')::uuid]) ORDER BY 1),
           l.valid_from, l.valid_until, CASE WHEN cardinality(l.purposes) = 1 THEN l.purposes[1] END,
           l.quota_1, l.quota_2, l.quota_3, l.quota_4, l.quota_5, l.quota_6, l.quota_7, l.quota_8,
           0, 0, 0, 1, 0, 0, 0, o.opened_at, false, o.month, month_ends_at(o.month, market_time_zone())
      FROM licences l
      JOIN agreements a ON a.id = l.agreement_id
      -- The first period begins with the term, and ends with its calendar month.
     CROSS JOIN LATERAL (SELECT p.opened_at, month_of(p.opened_at, market_time_zone()) AS month
                           FROM (SELECT greatest(now(), l.valid_from) AS opened_at) p) o
     WHERE l.id = p_licence
       AND a.finalized_at IS NOT NULL AND a.digest = l.agreement_digest
       AND (a.product_id, a.owner_id, a.operator_id, a.buyer_id)
           = (l.product_id, l.owner_id, l.operator_id, l.buyer_id)
       AND (a.document ->> 'valid_from')::timestamptz = l.valid_from
       AND (a.document ->> 'valid_until')::timestamptz = l.valid_until
       AND a.document -> 'purposes' = to_jsonb(l.purposes)
       AND a.document -> 'columns' = to_jsonb(l.columns)
       -- What was signed before revisions could be pinned names none, and means the latest.
       AND coalesce(a.document ->> 'revision', 'latest') = coalesce(l.revision_id::text, 'latest')
       -- What was signed before scenarios and regions travelled names none; the licence has those of its authorisation.
       AND CASE WHEN a.document ? 'scenarios'
                THEN a.document -> 'scenarios' = to_jsonb(l.scenarios) AND a.document -> 'regions' = to_jsonb(l.regions)
                ELSE EXISTS (SELECT FROM authorisations g
                              WHERE g.id = (a.document ->> 'authorisation_id')::uuid
                                AND g.scenarios @> l.scenarios AND g.regions @> l.regions) END
       -- Which unit has which column is the service's to know; documents of the first releases have a member for each
       -- of two units.
       AND ARRAY(SELECT value::bigint
                   FROM jsonb_each_text(coalesce(a.document -> 'quotas', jsonb_strip_nulls(jsonb_build_object(
                            'calls', a.document -> 'quota_calls', 'rows', a.document -> 'quota_rows')))) ORDER BY 1)
           = ARRAY(SELECT quota
                     FROM unnest(ARRAY[l.quota_1, l.quota_2, l.quota_3, l.quota_4,
                                       l.quota_5, l.quota_6, l.quota_7, l.quota_8]) AS quota
                    WHERE quota IS NOT NULL ORDER BY 1);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'licence % is not what its agreement says', p_licence USING ERRCODE = 'restrict_violation';
    END IF;
END
$$;
