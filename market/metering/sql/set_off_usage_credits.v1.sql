-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
--
-- Sets credits of a licence that wait off against what its open period used for the same purpose, the oldest first, as
-- far as that reaches: no period falls below zero. The rest waits for further use. Runs as its owner, like admit_calls.
CREATE FUNCTION set_off_usage_credits(p_licence uuid) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_period int;
    v_sole_purpose text;
    v_credits int;
    v_purposes text[];
    @each units: v_units_# bigint[]; @end
    @each units: v_sum_# bigint; @end
BEGIN
    IF NOT EXISTS (SELECT FROM usage_credits c WHERE c.licence_id = p_licence AND c.period_no IS NULL) THEN
        RETURN 0;
    END IF;
    SELECT c.period_no, c.sole_purpose INTO v_period, v_sole_purpose
      FROM licence_counters c WHERE c.licence_id = p_licence FOR UPDATE;
    WITH used AS (
        SELECT c.sole_purpose AS purpose @each units:, coalesce(c.period_#, 0) AS units_#@end
          FROM licence_counters c WHERE c.licence_id = p_licence AND c.sole_purpose IS NOT NULL
         UNION ALL
        SELECT p.purpose @each units:, coalesce(p.units_#, 0)@end
          FROM usage_purposes p WHERE p.licence_id = p_licence AND p.period_no = v_period AND v_sole_purpose IS NULL
    ), waiting AS (
        SELECT c.record_id, c.purpose
               @each units:, sum(coalesce(c.units_#, 0)) OVER (PARTITION BY c.purpose ORDER BY c.record_id) AS units_#@end
          FROM usage_credits c WHERE c.licence_id = p_licence AND c.period_no IS NULL
    ), set_off AS (
        UPDATE usage_credits c SET period_no = v_period
          FROM waiting w JOIN used u ON u.purpose = w.purpose @each units: AND w.units_# <= u.units_#@end
         WHERE c.licence_id = p_licence AND c.record_id = w.record_id
        RETURNING c.purpose @each units:, coalesce(c.units_#, 0) AS units_#@end)
    SELECT sum(s.credits), array_agg(s.purpose) @each units:, array_agg(s.units_#)@end @each units:, sum(s.units_#)@end
      INTO v_credits, v_purposes @each units:, v_units_#@end @each units:, v_sum_#@end
      FROM (SELECT o.purpose, count(*) AS credits @each units:, sum(o.units_#)::bigint AS units_#@end
              FROM set_off o GROUP BY o.purpose) s;
    IF v_purposes IS NULL THEN
        RETURN 0;
    END IF;
    IF v_sole_purpose IS NULL THEN
        UPDATE usage_purposes p
           SET @list units: units_# = p.units_# - s.units_#@end
          FROM unnest(v_purposes @each units:, v_units_#@end) AS s (purpose @each units:, units_#@end)
         WHERE p.licence_id = p_licence AND p.period_no = v_period AND p.purpose = s.purpose;
    END IF;
    UPDATE licence_counters c
       SET @list units: period_# = c.period_# - v_sum_#@end
     WHERE c.licence_id = p_licence;
    RETURN v_credits;
END
$$;
