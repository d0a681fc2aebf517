-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
--
-- Credits calls that were recorded and not answered: the quota has them back, and a later bill counts less (see
-- set_off_usage_credits). A record is credited once at most, not when its key came again since, and not after a day.
-- Answers the records credited by this call. Runs as its owner, like admit_calls.
CREATE FUNCTION credit_calls(p_licences uuid[], p_records uuid[], p_reason text) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_credited uuid[];
    v_licences uuid[];
    @each units: v_units_# bigint[]; @end
BEGIN
    -- The lock that admissions take, in their order; what they committed is seen by the statements that follow.
    PERFORM 1 FROM licence_counters c WHERE c.licence_id = ANY (p_licences) ORDER BY c.licence_id FOR UPDATE;
    WITH credited AS (
        INSERT INTO usage_credits (licence_id, record_id, credited_at, reason, purpose @each units:, units_#@end)
        SELECT r.licence_id, r.record_id, clock_timestamp(), p_reason, r.purpose @each units:, r.units_#@end
          FROM unnest(p_licences, p_records) AS u (licence_id, record_id)
          JOIN usage_records r ON r.licence_id = u.licence_id AND r.record_id = u.record_id
         -- the one partition or two that can hold it; the days are for a clock that was set
         WHERE r.recorded_at > now() - interval '1 day' AND r.recorded_at < now() + interval '1 day'
           AND NOT EXISTS (SELECT FROM usage_repeats p WHERE p.licence_id = r.licence_id AND p.record_id = r.record_id)
            ON CONFLICT DO NOTHING
        RETURNING licence_id, record_id @each units:, coalesce(units_#, 0) AS units_#@end)
    SELECT array_agg(s.licence_id), (SELECT array_agg(c.record_id) FROM credited c) @each units:, array_agg(s.units_#)@end
      INTO v_licences, v_credited @each units:, v_units_#@end
      FROM (SELECT c.licence_id @each units:, sum(c.units_#)::bigint AS units_#@end
              FROM credited c GROUP BY c.licence_id) s;
    IF v_licences IS NULL THEN
        RETURN '{}';
    END IF;
    -- The period first: what it used is never more than what was used in all.
    PERFORM set_off_usage_credits(u.licence_id) FROM unnest(v_licences) AS u (licence_id);
    UPDATE licence_counters c
       SET @list units: used_# = c.used_# - s.units_#@end
      FROM unnest(v_licences @each units:, v_units_#@end) AS s (licence_id @each units:, units_#@end)
     WHERE c.licence_id = s.licence_id;
    RETURN v_credited;
END
$$;
