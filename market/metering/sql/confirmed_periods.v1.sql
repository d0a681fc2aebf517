-- What was counted in a period falls by credits until the period is confirmed; nothing else of it changes, and it once.
CREATE FUNCTION keep_usage_period() RETURNS trigger
LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_before jsonb := to_jsonb(old);
    v_after jsonb := to_jsonb(new);
BEGIN
    IF old.confirmed_at IS NOT NULL
       OR EXISTS (SELECT FROM jsonb_object_keys(v_before) AS k (name)
                   WHERE k.name <> 'confirmed_at' AND v_after -> k.name IS DISTINCT FROM v_before -> k.name
                     AND NOT (k.name LIKE 'units\_%' AND v_after ->> k.name IS NOT NULL
                              AND (v_after ->> k.name)::bigint BETWEEN 0 AND (v_before ->> k.name)::bigint))
    THEN
        RAISE EXCEPTION 'a usage period does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;

DROP TRIGGER usage_periods_append_only ON usage_periods;
CREATE TRIGGER usage_periods_kept BEFORE UPDATE ON usage_periods FOR EACH ROW EXECUTE FUNCTION keep_usage_period();
CREATE TRIGGER usage_periods_append_only BEFORE DELETE OR TRUNCATE ON usage_periods
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A credit counts in the period that its call was recorded in, and never changes.
DROP TRIGGER usage_credits_kept ON usage_credits;
DROP TRIGGER usage_credits_append_only ON usage_credits;
DROP FUNCTION keep_usage_credit();
CREATE TRIGGER usage_credits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_credits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
