-- Rules are made by migrations, with the code that reads them. The service adds versions to what there is: the next one,
-- of the same kind, with a source, approved by somebody, in force from now or later.
CREATE FUNCTION check_rulebook_parameter() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_newest record;
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN new;
    END IF;
    SELECT version, value INTO v_newest FROM rulebook_parameters WHERE key = new.key ORDER BY version DESC LIMIT 1;
    IF NOT FOUND OR new.version <> v_newest.version + 1 OR jsonb_typeof(new.value) <> jsonb_typeof(v_newest.value)
       OR new.effective_from < now() OR new.recorded_at <> now() OR new.approved_by IS NULL
       OR btrim(new.source) = '' THEN
        RAISE EXCEPTION 'version % of % is not the next one of its kind, from now on, with source and approval',
            new.version, new.key USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER rulebook_parameters_check BEFORE INSERT ON rulebook_parameters
    FOR EACH ROW EXECUTE FUNCTION check_rulebook_parameter();
