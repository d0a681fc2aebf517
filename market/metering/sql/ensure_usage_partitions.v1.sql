CREATE FUNCTION ensure_usage_partitions(p_months_ahead int) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    v_month timestamptz;
    v_name text;
    v_made int := 0;
BEGIN
    IF p_months_ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'months ahead must lie between 0 and 24, not %', p_months_ahead;
    END IF;
    FOR i IN 0 .. p_months_ahead LOOP
        v_month := date_trunc('month', now()) + make_interval(months => i);
        v_name := 'usage_records_p_' || to_char(v_month, 'YYYYMM');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
        -- Rows of a month that nobody prepared lie in the default partition and stay there, where they are found all
        -- the same; their month gets no partition of its own any more.
        CONTINUE WHEN EXISTS (SELECT 1 FROM usage_records_p_default
                               WHERE recorded_at >= v_month AND recorded_at < v_month + interval '1 month');
        EXECUTE format('CREATE TABLE %I PARTITION OF usage_records FOR VALUES FROM (%L) TO (%L)',
                       v_name, v_month, v_month + interval '1 month');
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_name || '_append_only', v_name);
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;
