-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
--
-- Closes a period of a licence and opens the next one; nothing but this cut, so that the calls that wait for the lock
-- wait for milliseconds. A period that was closed before is answered as it was closed. One that is not open yet, and
-- a licence that is not known, are answered with nulls. Runs as its owner, like admit_calls.
CREATE FUNCTION close_period(
    p_licence uuid, p_period_no int,
    OUT period_no int, OUT opened_at timestamptz, OUT closed_at timestamptz, @list units: OUT units_# bigint@end
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_open int;
    v_purpose text;
BEGIN
    -- The lock that admissions take: every call is on one side of the cut, whichever came first.
    SELECT c.period_no, c.sole_purpose, c.period_opened_at @each units:, coalesce(c.period_#, 0)@end
      INTO v_open, v_purpose, opened_at @each units:, units_#@end
      FROM licence_counters c WHERE c.licence_id = p_licence FOR UPDATE;
    IF v_open = p_period_no THEN
        period_no := v_open;
        closed_at := greatest(clock_timestamp(), opened_at);
        INSERT INTO usage_periods (licence_id, period_no, opened_at, closed_at @each units:, units_#@end)
        VALUES (p_licence, close_period.period_no, close_period.opened_at, close_period.closed_at
                @each units:, close_period.units_#@end);
        -- Admissions have counted by purpose where there are several.
        IF v_purpose IS NOT NULL THEN
            INSERT INTO usage_purposes (licence_id, period_no, purpose @each units:, units_#@end)
            VALUES (p_licence, close_period.period_no, v_purpose @each units:, close_period.units_#@end);
        END IF;
        UPDATE licence_counters c
           SET period_no = c.period_no + 1, period_opened_at = close_period.closed_at @each units:, period_# = 0@end
         WHERE c.licence_id = p_licence;
    ELSE
        SELECT u.period_no, u.opened_at, u.closed_at @each units:, coalesce(u.units_#, 0)@end
          INTO period_no, opened_at, closed_at @each units:, units_#@end
          FROM usage_periods u WHERE u.licence_id = p_licence AND u.period_no = p_period_no;
    END IF;
END
$$;
