CREATE FUNCTION close_period(
    p_licence uuid,
    OUT period_no int, OUT opened_at timestamptz, OUT closed_at timestamptz, OUT calls bigint, OUT rows bigint
) LANGUAGE plpgsql VOLATILE SET search_path = @schema@, pg_temp @planner@ AS $$
BEGIN
    -- The lock that admissions take: every call is on one side of the cut, whichever came first.
    SELECT c.period_no, c.period_opened_at, c.period_calls, c.period_rows
      INTO period_no, opened_at, calls, rows
      FROM licence_counters c WHERE c.licence_id = p_licence FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    closed_at := greatest(clock_timestamp(), opened_at);
    INSERT INTO usage_periods (licence_id, period_no, opened_at, closed_at, calls, rows)
    VALUES (p_licence, close_period.period_no, close_period.opened_at, close_period.closed_at,
            close_period.calls, close_period.rows);
    UPDATE licence_counters c
       SET period_no = c.period_no + 1, period_calls = 0, period_rows = 0, period_opened_at = close_period.closed_at
     WHERE c.licence_id = p_licence;
END
$$;
