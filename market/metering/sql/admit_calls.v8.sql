-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, "bounded" those whose
-- quota must hold what a call asks for at most, "exact" the other ones that may have a quota. # is a unit's slot, #type the
-- type of its column in usage_records: a sum of int is bigint, a sum of bigint is numeric and costs more.
-- It runs as its owner: the service may call it and has no other way to count or to record.
-- A stop counts from the instant it begins at, by the clock that records the call: one that is placed ahead needs no job.
-- A call whose first record was credited, because nobody was answered, counts anew when its key comes again.
CREATE FUNCTION admit_calls(
    -- one element for each licence of the batch, none twice
    p_licences uuid[],
    -- one element for each call, in order of arrival; p_slots points into p_licences, counted from 1
    p_slots int[], p_records uuid[], p_keys text[], p_digests bytea[], p_revisions uuid[], p_purposes text[],
    p_clients uuid[], p_tokens uuid[],
    -- the field of use and the division that each call is made for; null with tokens from before these travelled
    p_scenarios text[], p_regions text[],
    -- what each call counts
    @list units: p_units_# #type[]@end,
    -- what it asked for at most: what is left must hold this, so that a refusal depends on the question alone and never
    -- on what the data would have answered
    @list bounded: p_bounds_# int[]@end,
    OUT recorded_at timestamptz,
    -- one element for each licence: what is left after the batch (null: unlimited), the open period, a stop's reason
    OUT periods int[], OUT reasons text[],
    @list quotas: OUT left_# bigint[]@end,
    -- one element for each call: the outcome, and of a repeat the record of the first time
    OUT outcomes text[], OUT first_records uuid[]
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_states text[];
    v_products uuid[];
    v_several boolean[];
    v_several_purposes boolean;
    v_tokens_ended boolean;
    v_over boolean;
    v_tight boolean := false;
    v_keyed boolean;
    @each quotas: v_left_# bigint[]; @end
    v_slots int[];
    @each units: v_units_# bigint[]; @end
    v_leaders int[];
    v_taken int[];
    v_slot int;
    v_first int;
    v_slots_by_purpose int[];
    v_purposes text[];
    v_counted int;
    v_counted_anew boolean;
BEGIN
    -- 1. Lock, in one order for everybody. Only this; what the rows hold is read by the next statement, whose
    --    snapshot is taken after the last lock was granted and so sees all that earlier holders committed.
    PERFORM 1 FROM licence_counters WHERE licence_id = ANY (p_licences) ORDER BY licence_id FOR UPDATE;

    -- 2. Is each licence live, and what is left of it? A call counts in the period in which it is recorded: where one is
    --    over that nobody has cut, it is cut here, once a month for each licence, and the licences are read again.
    LOOP
        recorded_at := clock_timestamp();
        SELECT array_agg(l.state), array_agg(l.reason), array_agg(l.product_id), array_agg(l.period_no),
               array_agg(l.sole_purpose IS NULL), bool_or(l.sole_purpose IS NULL), bool_or(l.tokens_ended),
               bool_or(l.state = 'admitted' AND recorded_at >= l.period_ends_at) @each quotas:, array_agg(l.left_#)@end
          INTO v_states, reasons, v_products, periods, v_several, v_several_purposes, v_tokens_ended, v_over @each quotas:, left_#@end
          FROM (SELECT c.product_id, c.period_no, c.period_ends_at, c.sole_purpose, c.tokens_ended, s.reason
                       @each quotas:, c.quota_# - coalesce(c.used_#, 0) AS left_#@end,
                       CASE WHEN c.licence_id IS NULL THEN 'unknown'
                            WHEN s.reason IS NOT NULL THEN 'stopped'
                            WHEN recorded_at < c.valid_from THEN 'not_yet_valid'
                            WHEN recorded_at >= c.valid_until THEN 'expired'
                            ELSE 'admitted' END AS state
                  FROM unnest(p_licences) WITH ORDINALITY AS u (licence_id, slot)
                  LEFT JOIN licence_counters c ON c.licence_id = u.licence_id
                  LEFT JOIN LATERAL (SELECT reason FROM stops
                                      WHERE subject_id = ANY (c.links || c.licence_id) AND lifted_at IS NULL
                                        AND begins_at <= recorded_at
                                      LIMIT 1) s ON true
                 ORDER BY u.slot) l;
        EXIT WHEN v_over IS NOT TRUE;
        PERFORM cut_periods(u.licence_id, NULL, NULL) FROM unnest(p_licences) AS u (licence_id);
    END LOOP;

    -- 3. Was a call admitted before? One that carries a key is known by it; one without is known by its record id,
    --    which only comes again when its batch is sent again because the answer to the first sending was lost.
    SELECT array_agg(c.outcome), array_agg(c.record_id), bool_or(c.credited)
      INTO outcomes, first_records, v_counted_anew
      FROM (SELECT CASE WHEN v_states[u.slot] <> 'admitted' THEN v_states[u.slot]
                        WHEN f.record_id IS NULL THEN 'admitted'
                        WHEN f.digest <> u.digest THEN 'key_conflict'
                        WHEN f.credited THEN 'admitted'
                        ELSE 'repeated' END AS outcome,
                   f.record_id, f.credited
              FROM unnest(p_slots, p_records, p_keys, p_digests) WITH ORDINALITY
                   AS u (slot, record_id, key, digest, n)
              LEFT JOIN LATERAL (
                   SELECT k.record_id, k.digest,
                          -- not a batch that is sent again: its calls have their records
                          k.record_id <> u.record_id
                          AND EXISTS (SELECT FROM usage_credits c
                                       WHERE c.licence_id = k.licence_id AND c.record_id = k.record_id) AS credited
                     FROM usage_keys k
                    WHERE u.key IS NOT NULL AND k.licence_id = p_licences[u.slot] AND k.key = u.key
                    UNION ALL
                   SELECT r.record_id, r.digest, false FROM usage_records r
                    WHERE u.key IS NULL AND r.licence_id = p_licences[u.slot] AND r.record_id = u.record_id
                      -- the one partition or two that can hold it; the days are for a clock that was set
                      AND r.recorded_at > admit_calls.recorded_at - interval '1 day'
                      AND r.recorded_at < admit_calls.recorded_at + interval '1 day'
                    LIMIT 1) f ON true
             ORDER BY u.n) c;

    --    With a token that was ended before its time nothing is admitted, nor repeated.
    IF v_tokens_ended THEN
        SELECT array_agg(CASE WHEN t.ended_at IS NULL THEN u.outcome ELSE 'token_ended' END ORDER BY u.n)
          INTO outcomes
          FROM unnest(p_tokens, outcomes) WITH ORDINALITY AS u (token, outcome, n)
          LEFT JOIN licence_tokens t ON t.id = u.token;
    END IF;

    --    From a revision that was taken out of service nothing new is read. What is repeated names its own revision, which
    --    delivery looks up.
    IF EXISTS (SELECT FROM stops s
                WHERE s.subject_id = ANY (p_revisions) AND s.lifted_at IS NULL
                  AND s.begins_at <= admit_calls.recorded_at) THEN
        SELECT array_agg(CASE WHEN u.outcome = 'admitted' AND EXISTS (
                                       SELECT FROM stops s
                                        WHERE s.subject_id = u.revision_id AND s.lifted_at IS NULL
                                          AND s.begins_at <= admit_calls.recorded_at)
                              THEN 'revision_stopped' ELSE u.outcome END ORDER BY u.n)
          INTO outcomes
          FROM unnest(p_revisions, outcomes) WITH ORDINALITY AS u (revision_id, outcome, n);
    END IF;

    -- 4. Does all that is new fit? Then the whole batch is admitted at once.
    SELECT array_agg(s.slot) @each units:, array_agg(s.units_#)@end, bool_or(s.keys > 0)
           @each quotas:, array_agg(left_#[s.slot] - s.units_#)@end,
           -- null, not false, when the only thing to compare with is a quota that is not there
           coalesce(bool_or(s.keys > s.distinct_keys
                            @each exact: OR s.units_# > left_#[s.slot]@end
                            @each bounded: OR s.bounds_# > left_#[s.slot]@end), false)
      INTO v_slots @each units:, v_units_#@end, v_keyed @each quotas:, v_left_#@end, v_tight
      FROM (SELECT u.slot @each units:, sum(u.units_#)::bigint AS units_#@end
                   @each bounded:, sum(greatest(u.units_#, u.bound_#)) AS bounds_#@end,
                   count(u.key) AS keys, count(DISTINCT u.key) AS distinct_keys
              FROM unnest(p_slots, p_keys, outcomes @each units:, p_units_#@end @each bounded:, p_bounds_#@end)
                   AS u (slot, key, outcome @each units:, units_#@end @each bounded:, bound_#@end)
             WHERE u.outcome = 'admitted' GROUP BY u.slot ORDER BY u.slot) s;

    -- 5. Otherwise one by one, in order of arrival: a call that does not fit leaves what it would have used to the
    --    next, and of two calls with one key in the same batch the second is a repeat.
    IF v_tight THEN
        SELECT array_agg(u.leader) INTO v_leaders
          FROM (SELECT c.n, min(c.n) OVER (PARTITION BY c.slot, coalesce(c.key, c.n::text), c.key IS NULL) AS leader
                  FROM unnest(p_slots, p_keys) WITH ORDINALITY AS c (slot, key, n) ORDER BY c.n) u;
        v_taken := array_fill(NULL::int, ARRAY[cardinality(p_slots)]);
        FOR i IN 1 .. cardinality(p_slots) LOOP
            CONTINUE WHEN outcomes[i] <> 'admitted';
            v_slot := p_slots[i];
            v_first := v_taken[v_leaders[i]];
            IF v_first IS NOT NULL THEN
                outcomes[i] := CASE WHEN p_digests[v_first] = p_digests[i] THEN 'repeated' ELSE 'key_conflict' END;
                first_records[i] := p_records[v_first];
            ELSIF false
                  @each exact: OR p_units_#[i] > left_#[v_slot]@end
                  @each bounded: OR greatest(p_units_#[i], p_bounds_#[i]) > left_#[v_slot]@end THEN
                outcomes[i] := 'quota_exceeded';
            ELSE
                @each quotas: left_#[v_slot] := left_#[v_slot] - p_units_#[i]; @end
                v_taken[v_leaders[i]] := i;
            END IF;
        END LOOP;
        SELECT array_agg(s.slot) @each units:, array_agg(s.units_#)@end
          INTO v_slots @each units:, v_units_#@end
          FROM (SELECT u.slot @each units:, sum(u.units_#)::bigint AS units_#@end
                  FROM unnest(p_slots, outcomes @each units:, p_units_#@end)
                       AS u (slot, outcome @each units:, units_#@end)
                 WHERE u.outcome = 'admitted' GROUP BY u.slot) s;
    END IF;

    -- 6. Record, remember, count.
    IF v_slots IS NOT NULL THEN
        INSERT INTO usage_records (licence_id, record_id, recorded_at, period_no, product_id, revision_id, purpose,
                                   scenario, region, client_id, digest @each units:, units_#@end)
        SELECT p_licences[u.slot], u.record_id, admit_calls.recorded_at, periods[u.slot], v_products[u.slot],
               u.revision_id, u.purpose, u.scenario, u.region, u.client_id, u.digest @each units:, u.units_#@end
          FROM unnest(p_slots, p_records, p_digests, p_revisions, p_purposes, p_scenarios, p_regions, p_clients, outcomes
                      @each units:, p_units_#@end)
               AS u (slot, record_id, digest, revision_id, purpose, scenario, region, client_id, outcome @each units:, units_#@end)
         WHERE u.outcome = 'admitted';

        IF v_keyed THEN
            INSERT INTO usage_keys (licence_id, key, record_id, recorded_at, digest)
            SELECT p_licences[u.slot], u.key, u.record_id, admit_calls.recorded_at, u.digest
              FROM unnest(p_slots, p_keys, p_records, p_digests, outcomes, first_records)
                   AS u (slot, key, record_id, digest, outcome, first_record)
             WHERE u.outcome = 'admitted' AND u.key IS NOT NULL AND u.first_record IS NULL;
            IF v_counted_anew THEN
                UPDATE usage_keys k SET record_id = u.record_id, recorded_at = admit_calls.recorded_at
                  FROM unnest(p_slots, p_keys, p_records, outcomes, first_records)
                       AS u (slot, key, record_id, outcome, first_record)
                 WHERE u.outcome = 'admitted' AND u.first_record IS NOT NULL
                   AND k.licence_id = p_licences[u.slot] AND k.key = u.key;
            END IF;
        END IF;

        UPDATE licence_counters c
           SET @list units: used_# = coalesce(c.used_#, 0) + s.units_#,
               period_# = coalesce(c.period_#, 0) + s.units_#@end
          FROM unnest(v_slots @each units:, v_units_#@end) AS s (slot @each units:, units_#@end)
         WHERE c.licence_id = p_licences[s.slot];
    END IF;

    -- 7. What a licence with several purposes uses is counted by purpose as well; that of the others is known from the
    --    total of their period. The rows are there but for the first use of a purpose in a period, and nobody else makes
    --    them while the licence is locked. So update first, and insert what is missing: INSERT … ON CONFLICT locks each
    --    row, and logs that, before it updates it.
    IF v_several_purposes AND v_slots IS NOT NULL THEN
        SELECT array_agg(s.slot), array_agg(s.purpose) @each units:, array_agg(s.units_#)@end
          INTO v_slots_by_purpose, v_purposes @each units:, v_units_#@end
          FROM (SELECT u.slot, u.purpose @each units:, sum(u.units_#)::bigint AS units_#@end
                  FROM unnest(p_slots, p_purposes, outcomes @each units:, p_units_#@end)
                       AS u (slot, purpose, outcome @each units:, units_#@end)
                 WHERE u.outcome = 'admitted' AND v_several[u.slot] GROUP BY u.slot, u.purpose) s;
        UPDATE usage_purposes p
           SET @list units: units_# = coalesce(p.units_#, 0) + s.units_#@end
          FROM unnest(v_slots_by_purpose, v_purposes @each units:, v_units_#@end)
               AS s (slot, purpose @each units:, units_#@end)
         WHERE p.licence_id = p_licences[s.slot] AND p.period_no = periods[s.slot] AND p.purpose = s.purpose;
        GET DIAGNOSTICS v_counted = ROW_COUNT;
        IF v_counted < cardinality(v_purposes) THEN
            INSERT INTO usage_purposes (licence_id, period_no, purpose @each units:, units_#@end)
            SELECT p_licences[s.slot], periods[s.slot], s.purpose @each units:, s.units_#@end
              FROM unnest(v_slots_by_purpose, v_purposes @each units:, v_units_#@end)
                   AS s (slot, purpose @each units:, units_#@end)
             WHERE NOT EXISTS (SELECT FROM usage_purposes p
                                WHERE p.licence_id = p_licences[s.slot] AND p.period_no = periods[s.slot]
                                  AND p.purpose = s.purpose);
        END IF;
    END IF;

    -- 8. Whoever asks again under a key is answered: the record of the first time is not credited any more.
    IF 'repeated' = ANY (outcomes) THEN
        INSERT INTO usage_repeats (licence_id, record_id, repeated_at)
        SELECT p_licences[u.slot], u.first_record, admit_calls.recorded_at
          FROM unnest(p_slots, p_records, p_keys, outcomes, first_records) AS u (slot, record_id, key, outcome, first_record)
         WHERE u.outcome = 'repeated' AND u.key IS NOT NULL AND u.first_record <> u.record_id
            ON CONFLICT DO NOTHING;
    END IF;

    IF v_tight OR v_slots IS NULL THEN
        RETURN;
    ELSIF cardinality(v_slots) = cardinality(p_licences) THEN
        @each quotas: left_# := v_left_#; @end
    ELSE
        FOR i IN 1 .. cardinality(v_slots) LOOP
            @each quotas: left_#[v_slots[i]] := v_left_#[i]; @end
        END LOOP;
    END IF;
END
$$;
