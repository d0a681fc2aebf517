-- A stop is placed active and lifted once, unless it is final, by the organisation that placed it; that of an organisation
-- also by another platform or regulator, who decide on appeals. Both are in the audit log, whose entry is written in the
-- same transaction.
CREATE FUNCTION keep_stop() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.lifted_at IS NOT NULL OR new.lifted_by IS NOT NULL OR new.lift_reason IS NOT NULL THEN
            RAISE EXCEPTION 'a stop is placed before it is lifted' USING ERRCODE = 'restrict_violation';
        ELSIF new.placed_at <> now() THEN
            RAISE EXCEPTION 'a stop is placed now' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF to_jsonb(new) - 'lifted_at' - 'lifted_by' - 'lift_reason'
          <> to_jsonb(old) - 'lifted_at' - 'lifted_by' - 'lift_reason' THEN
        RAISE EXCEPTION 'a stop is lifted and not changed' USING ERRCODE = 'restrict_violation';
    ELSIF old.lifted_at IS NOT NULL OR old.final THEN
        RAISE EXCEPTION 'stop % is final or was lifted before', old.id USING ERRCODE = 'restrict_violation';
    ELSIF new.lifted_at IS DISTINCT FROM now() OR new.lifted_by IS NULL OR new.lift_reason IS NULL THEN
        RAISE EXCEPTION 'a stop is lifted now, by somebody, for a reason' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE FUNCTION require_stop_logged() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_entries e
         WHERE e.subject_id = new.subject_id
           AND (e.organisation_id = new.placed_by_organisation
                OR new.subject_kind = 'organisation' AND new.lifted_at IS NOT NULL
                   AND EXISTS (SELECT FROM organisations o
                                WHERE o.id = e.organisation_id AND o.kind IN ('platform', 'regulator')))
           AND CASE WHEN new.lifted_at IS NULL
                    THEN e.action = new.subject_kind || '.stopped' AND e.actor_id = new.placed_by
                         AND e.detail ->> 'stop_id' = new.id::text
                    ELSE e.action = new.subject_kind || '.stop_lifted' AND e.actor_id = new.lifted_by
                         AND e.detail -> 'stop_ids' ? new.id::text END) THEN
        RAISE EXCEPTION 'stop % is not in the audit log of the organisation that placed it', new.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER stops_keep BEFORE INSERT OR UPDATE ON stops FOR EACH ROW EXECUTE FUNCTION keep_stop();
CREATE TRIGGER stops_stay BEFORE DELETE OR TRUNCATE ON stops FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER stops_placed_logged AFTER INSERT ON stops DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_stop_logged();
CREATE CONSTRAINT TRIGGER stops_lifted_logged AFTER UPDATE ON stops DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_stop_logged();
