-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
CREATE FUNCTION close_period(
    p_licence uuid,
    OUT period_no int, OUT opened_at timestamptz, OUT closed_at timestamptz, @list units: OUT units_# bigint@end
) LANGUAGE plpgsql VOLATILE SET search_path = @schema@, pg_temp @planner@ AS $$
BEGIN
    -- The lock that admissions take: every call is on one side of the cut, whichever came first.
    SELECT c.period_no, c.period_opened_at @each units:, coalesce(c.period_#, 0)@end
      INTO period_no, opened_at @each units:, units_#@end
      FROM licence_counters c WHERE c.licence_id = p_licence FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    closed_at := greatest(clock_timestamp(), opened_at);
    INSERT INTO usage_periods (licence_id, period_no, opened_at, closed_at @each units:, units_#@end)
    VALUES (p_licence, close_period.period_no, close_period.opened_at, close_period.closed_at
            @each units:, close_period.units_#@end);
    UPDATE licence_counters c
       SET period_no = c.period_no + 1, period_opened_at = close_period.closed_at @each units:, period_# = 0@end
     WHERE c.licence_id = p_licence;
END
$$;
