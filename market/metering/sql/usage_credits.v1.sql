-- A credit is what it was made as; only the period that it is set off in is filled in, once.
CREATE FUNCTION keep_usage_credit() RETURNS trigger
LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF old.period_no IS NOT NULL OR to_jsonb(old) - 'period_no' <> to_jsonb(new) - 'period_no' THEN
        RAISE EXCEPTION 'a usage credit does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;

CREATE TRIGGER usage_credits_kept BEFORE UPDATE ON usage_credits
    FOR EACH ROW EXECUTE FUNCTION keep_usage_credit();
CREATE TRIGGER usage_credits_append_only BEFORE DELETE OR TRUNCATE ON usage_credits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A key stays with its request. Only when the record it led to was credited does it lead to the one that counts anew.
CREATE FUNCTION keep_usage_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF (old.licence_id, old.key, old.digest) IS DISTINCT FROM (new.licence_id, new.key, new.digest)
       OR NOT EXISTS (SELECT FROM usage_credits c WHERE c.licence_id = old.licence_id AND c.record_id = old.record_id)
    THEN
        RAISE EXCEPTION 'a usage key does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;

DROP TRIGGER usage_keys_append_only ON usage_keys;
CREATE TRIGGER usage_keys_kept BEFORE UPDATE ON usage_keys FOR EACH ROW EXECUTE FUNCTION keep_usage_key();
CREATE TRIGGER usage_keys_append_only BEFORE DELETE OR TRUNCATE ON usage_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
