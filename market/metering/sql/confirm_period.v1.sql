-- Confirms a period that is cut: every process has said of each of its calls whether it was answered, or the call is
-- credited. From then on nothing of it changes, so that it can be billed. Its records are those it will ever have, hence no
-- lock that calls wait for. Answers how many calls are not accounted for, 0 when it is confirmed, and null while it is
-- not cut. Runs as its owner, like admit_calls.
CREATE FUNCTION confirm_period(p_licence uuid, p_period_no int) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    p usage_periods%ROWTYPE;
    v_open bigint;
BEGIN
    SELECT * INTO p FROM usage_periods u WHERE u.licence_id = p_licence AND u.period_no = p_period_no;
    IF p.licence_id IS NULL THEN
        RETURN NULL;
    ELSIF p.confirmed_at IS NOT NULL THEN
        RETURN 0;
    END IF;
    SELECT count(*) INTO v_open
      FROM metering_processes m
     CROSS JOIN LATERAL (
           SELECT r.record_id FROM usage_records r
            WHERE r.licence_id = p_licence AND r.period_no = p_period_no AND r.record_id > m.decided_through
              -- What it decided since it was last heard of, and not what others did in the weeks in which it had no calls;
              -- the hour is for clocks that differ.
              AND r.record_id > rpad(lpad(to_hex((extract(epoch FROM m.seen_at) * 1000)::bigint - 3600000), 12, '0'),
                                     32, '0')::uuid
              AND substring(uuid_send(r.record_id) FROM 13) = substring(int8send(m.id) FROM 5)
              -- the partitions that can hold it; the days are for a clock that was set
              AND r.recorded_at > p.opened_at - interval '1 day' AND r.recorded_at < p.closed_at + interval '1 day'
            UNION
           SELECT r.record_id FROM unnest(m.licence_ids, m.record_ids) AS u (licence_id, record_id)
             JOIN usage_records r ON r.licence_id = u.licence_id AND r.record_id = u.record_id
            WHERE u.licence_id = p_licence AND r.period_no = p_period_no
              AND r.recorded_at > p.opened_at - interval '1 day' AND r.recorded_at < p.closed_at + interval '1 day') o
     WHERE m.ended_at IS NULL
       AND NOT EXISTS (SELECT FROM usage_credits c WHERE c.licence_id = p_licence AND c.record_id = o.record_id)
       AND NOT EXISTS (SELECT FROM usage_repeats t WHERE t.licence_id = p_licence AND t.record_id = o.record_id);
    IF v_open = 0 THEN
        UPDATE usage_periods u SET confirmed_at = clock_timestamp()
         WHERE u.licence_id = p_licence AND u.period_no = p_period_no AND u.confirmed_at IS NULL;
    END IF;
    RETURN v_open;
END
$$;
