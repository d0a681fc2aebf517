-- A version that the service adds is what one person proposed and another approved in this transaction, and lies within
-- what the parameter may hold.
CREATE OR REPLACE FUNCTION check_rulebook_parameter() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_newest record;
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN new;
    END IF;
    SELECT version, value INTO v_newest FROM rulebook_parameters WHERE key = new.key ORDER BY version DESC LIMIT 1;
    IF NOT FOUND OR new.version <> v_newest.version + 1
       OR new.effective_from < now() OR new.recorded_at <> now() OR new.approved_by IS NULL
       OR btrim(new.source) = '' THEN
        RAISE EXCEPTION 'version % of % is not the next one, from now on, with source and approval',
            new.version, new.key USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM rule_proposals p
         WHERE p.id = new.proposal_id AND p.status = 'approved' AND p.decided_at = now()
           AND p.key = new.key AND p.value = new.value AND p.source = new.source
           AND p.source_status = new.source_status AND coalesce(p.effective_from, now()) = new.effective_from
           AND p.proposed_by = new.proposed_by AND p.decided_by = new.approved_by) THEN
        RAISE EXCEPTION 'version % of % is not what was proposed and approved', new.version, new.key
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM rulebook_kinds k
         WHERE k.key = new.key
           AND CASE k.type
               WHEN 'boolean' THEN jsonb_typeof(new.value) = 'boolean'
               WHEN 'choice' THEN jsonb_typeof(new.value) = 'string' AND new.value #>> '{}' = ANY (k.choices)
               WHEN 'integer' THEN
                   CASE WHEN jsonb_typeof(new.value) = 'number' AND new.value #>> '{}' ~ '^-?[0-9]+$'
                        THEN (new.value #>> '{}')::numeric BETWEEN coalesce(k.minimum::numeric, '-Infinity')
                                                                AND coalesce(k.maximum::numeric, 'Infinity') END
               WHEN 'decimal' THEN
                   CASE WHEN jsonb_typeof(new.value) = 'string' AND new.value #>> '{}' ~ '^-?[0-9]+([.][0-9]+)?$'
                        THEN (new.value #>> '{}')::numeric BETWEEN coalesce(k.minimum::numeric, '-Infinity')
                                                                AND coalesce(k.maximum::numeric, 'Infinity') END
               END) THEN
        RAISE EXCEPTION 'version % of % is not a value that the parameter may hold', new.version, new.key
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE FUNCTION keep_rule_proposal() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' AND new.proposed_at <> now() OR tg_op = 'UPDATE' AND new.decided_at IS DISTINCT FROM now() THEN
        RAISE EXCEPTION 'a rule is proposed and decided now' USING ERRCODE = 'restrict_violation';
    ELSIF new.status IN ('approved', 'rejected') AND new.decided_by = new.proposed_by THEN
        RAISE EXCEPTION 'a rule is decided by another than proposed it' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER rule_proposals_keep BEFORE INSERT OR UPDATE ON rule_proposals
    FOR EACH ROW EXECUTE FUNCTION keep_rule_proposal();
CREATE TRIGGER rule_proposals_stay BEFORE DELETE OR TRUNCATE ON rule_proposals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
