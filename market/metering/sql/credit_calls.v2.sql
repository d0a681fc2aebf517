-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
--
-- Credits calls that were recorded and not answered: the quota has them back, and the period they were recorded in counts
-- less, for as long as it is not confirmed (see confirm_period). A record is credited once at most, not when its key came
-- again since, and not after a day. Answers the records credited by this call. Runs as its owner, like admit_calls.
CREATE FUNCTION credit_calls(p_licences uuid[], p_records uuid[], p_reason text) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_credited uuid[];
    v_licences uuid[];
    v_periods int[];
    v_purposes text[];
    @each units: v_units_# bigint[]; @end
BEGIN
    -- The lock that admissions take, in their order; what they committed is seen by the statements that follow. Then the
    -- periods that are cut: whichever comes first, a credit or the confirmation, the other one sees it.
    PERFORM 1 FROM licence_counters c WHERE c.licence_id = ANY (p_licences) ORDER BY c.licence_id FOR UPDATE;
    PERFORM 1 FROM usage_periods p WHERE p.licence_id = ANY (p_licences) AND p.confirmed_at IS NULL
      ORDER BY p.licence_id, p.period_no FOR UPDATE;
    WITH credited AS (
        INSERT INTO usage_credits (licence_id, record_id, credited_at, reason, purpose, period_no @each units:, units_#@end)
        SELECT r.licence_id, r.record_id, clock_timestamp(), p_reason, r.purpose, r.period_no @each units:, r.units_#@end
          FROM unnest(p_licences, p_records) AS u (licence_id, record_id)
          JOIN usage_records r ON r.licence_id = u.licence_id AND r.record_id = u.record_id
         -- the one partition or two that can hold it; the days are for a clock that was set
         WHERE r.recorded_at > now() - interval '1 day' AND r.recorded_at < now() + interval '1 day'
           AND NOT EXISTS (SELECT FROM usage_repeats p WHERE p.licence_id = r.licence_id AND p.record_id = r.record_id)
           AND NOT EXISTS (SELECT FROM usage_periods p
                            WHERE p.licence_id = r.licence_id AND p.period_no = r.period_no AND p.confirmed_at IS NOT NULL)
            ON CONFLICT DO NOTHING
        RETURNING licence_id, record_id, period_no, purpose @each units:, coalesce(units_#, 0) AS units_#@end)
    SELECT array_agg(s.licence_id), array_agg(s.period_no), array_agg(s.purpose), (SELECT array_agg(c.record_id) FROM credited c)
           @each units:, array_agg(s.units_#)@end
      INTO v_licences, v_periods, v_purposes, v_credited @each units:, v_units_#@end
      FROM (SELECT c.licence_id, c.period_no, c.purpose @each units:, sum(c.units_#)::bigint AS units_#@end
              FROM credited c GROUP BY c.licence_id, c.period_no, c.purpose) s;
    IF v_licences IS NULL THEN
        RETURN '{}';
    END IF;
    -- By purpose: of cut periods, and of open ones where there are several.
    UPDATE usage_purposes p
       SET @list units: units_# = p.units_# - s.units_#@end
      FROM unnest(v_licences, v_periods, v_purposes @each units:, v_units_#@end)
           AS s (licence_id, period_no, purpose @each units:, units_#@end)
     WHERE p.licence_id = s.licence_id AND p.period_no = s.period_no AND p.purpose = s.purpose;
    UPDATE usage_periods p
       SET @list units: units_# = p.units_# - s.units_#@end
      FROM (SELECT u.licence_id, u.period_no @each units:, sum(u.units_#)::bigint AS units_#@end
              FROM unnest(v_licences, v_periods @each units:, v_units_#@end)
                   AS u (licence_id, period_no @each units:, units_#@end)
             GROUP BY u.licence_id, u.period_no) s
     WHERE p.licence_id = s.licence_id AND p.period_no = s.period_no;
    UPDATE licence_counters c
       SET @list units: used_# = c.used_# - s.units_#, period_# = c.period_# - s.open_#@end
      FROM (SELECT u.licence_id
                   @each units:, sum(u.units_#)::bigint AS units_#,
                   coalesce(sum(u.units_#) FILTER (WHERE u.period_no = o.period_no), 0)::bigint AS open_#@end
              FROM unnest(v_licences, v_periods @each units:, v_units_#@end)
                   AS u (licence_id, period_no @each units:, units_#@end)
              JOIN licence_counters o ON o.licence_id = u.licence_id
             GROUP BY u.licence_id) s
     WHERE c.licence_id = s.licence_id;
    RETURN v_credited;
END
$$;
