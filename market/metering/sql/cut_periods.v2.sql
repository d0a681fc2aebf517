-- Rendered for the metered units of the registry (infra.units): "units" are all that are summed, # is a unit's slot.
--
-- Cuts every period of a licence that is over, each at its end, and opens the next one; nothing but that, so that the
-- calls that wait for the lock wait for milliseconds. With a reason that holds, the open period is cut before its end too:
-- end_of_contract, the licence's term is over; termination, it is stopped by something that cannot be lifted. The period
-- in which a contract ended is its last: nothing can be used after it, so none is opened that would end. A call that came in
-- between the end and its commit can be in a further month: that is cut for the call alone, as one after the end. Answers
-- how many were cut. Runs as its owner, like admit_calls.
CREATE FUNCTION cut_periods(p_licence uuid, p_reason text, p_note text) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    c licence_counters%ROWTYPE;
    v_now timestamptz;
    v_terminated_at timestamptz;
    v_ended_at timestamptz;
    v_cut_at timestamptz;
    v_next date;
    v_cut int := 0;
BEGIN
    -- The lock that admissions take: every call is on one side of the cut, whichever came first.
    PERFORM 1 FROM licence_counters WHERE licence_id = p_licence FOR UPDATE;
    v_now := clock_timestamp();
    LOOP
        SELECT * INTO c FROM licence_counters WHERE licence_id = p_licence;
        EXIT WHEN c.period_ends_at IS NULL;
        SELECT min(s.placed_at) INTO v_terminated_at
          FROM stops s WHERE s.subject_id = ANY (c.links || c.licence_id) AND s.lifted_at IS NULL AND s.final;
        v_ended_at := least(c.valid_until, v_terminated_at);
        v_cut_at := CASE WHEN v_now >= c.period_ends_at THEN c.period_ends_at
                         WHEN p_reason = 'end_of_contract' AND v_now >= c.valid_until
                              OR p_reason = 'termination' AND v_terminated_at IS NOT NULL
                         THEN greatest(v_now, c.period_opened_at) END;
        EXIT WHEN v_cut_at IS NULL;
        IF v_ended_at <= c.period_opened_at @each units: AND coalesce(c.period_#, 0) = 0@end THEN
            -- It would have begun after the contract had ended.
            UPDATE licence_counters SET period_month = NULL, period_ends_at = NULL WHERE licence_id = p_licence;
            EXIT;
        END IF;
        INSERT INTO usage_periods (licence_id, period_no, month, opened_at, closed_at, after_end, close_reason,
                                   close_note @each units:, units_#@end)
        VALUES (p_licence, c.period_no, c.period_month, c.period_opened_at, v_cut_at,
                coalesce(v_ended_at <= c.period_opened_at, false),
                CASE WHEN v_cut_at < c.period_ends_at THEN p_reason END,
                CASE WHEN v_cut_at < c.period_ends_at THEN p_note END
                @each units:, coalesce(c.period_#, 0)@end);
        -- Admissions have counted by purpose where there are several.
        IF c.sole_purpose IS NOT NULL THEN
            INSERT INTO usage_purposes (licence_id, period_no, purpose @each units:, units_#@end)
            VALUES (p_licence, c.period_no, c.sole_purpose @each units:, coalesce(c.period_#, 0)@end);
        END IF;
        v_next := CASE WHEN v_ended_at > v_cut_at THEN (c.period_month + interval '1 month')::date END;
        UPDATE licence_counters
           SET period_no = c.period_no + 1, period_opened_at = v_cut_at, period_month = v_next,
               period_ends_at = month_ends_at(v_next, market_time_zone()) @each units:, period_# = 0@end
         WHERE licence_id = p_licence;
        v_cut := v_cut + 1;
    END LOOP;
    RETURN v_cut;
END
$$;
