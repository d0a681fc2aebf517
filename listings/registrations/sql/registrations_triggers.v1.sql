-- What is registered of a resource changes with a registration that is written in the same transaction, and not otherwise;
-- personal information may be declared at any time. The time of grace of what was never registered may move.
CREATE FUNCTION keep_registered_content() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.id <> old.id OR new.owner_id <> old.owner_id OR new.number <> old.number OR new.created_at <> old.created_at
       OR new.created_by <> old.created_by OR new.grace_from IS DISTINCT FROM old.grace_from THEN
        RAISE EXCEPTION 'whose resource it is, and since when, does not change' USING ERRCODE = 'restrict_violation';
    ELSIF EXISTS (SELECT FROM registrations r
                   WHERE r.resource_id = new.id AND r.registered_at = now()
                     AND r.code = new.registration_code AND r.valid_until = new.registered_until) THEN
        RETURN new;
    ELSIF (new.title_zh, new.title_en, new.description_zh, new.description_en, new.domain, new.update_frequency,
           new.classification, new.source_statement, new.responsible_department, new.responsible_person,
           new.registration_code, new.registered_at, new.registration_cancelled_at)
          IS DISTINCT FROM
          (old.title_zh, old.title_en, old.description_zh, old.description_en, old.domain, old.update_frequency,
           old.classification, old.source_statement, old.responsible_department, old.responsible_person,
           old.registration_code, old.registered_at, old.registration_cancelled_at)
          OR old.personal_information AND NOT new.personal_information
          OR new.registered_until IS DISTINCT FROM old.registered_until
             AND (old.registration_code IS NOT NULL OR old.grace_from IS NULL) THEN
        RAISE EXCEPTION 'what is registered of resource % changes by a registration', new.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
-- A draft is not registered: only a migration writes a time of grace.
CREATE FUNCTION begin_as_draft() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = tg_relid), 'USAGE') THEN
        RETURN new;
    ELSIF new.registration_code IS NOT NULL OR new.registered_at IS NOT NULL OR new.registered_until IS NOT NULL
       OR new.registration_cancelled_at IS NOT NULL OR new.grace_from IS NOT NULL THEN
        RAISE EXCEPTION 'a resource begins as a draft' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
-- A registration is written when its application is completed, now, as the next of its resource, and a code is of one
-- resource only.
CREATE FUNCTION check_registration() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.registered_at <> now()
       OR NOT EXISTS (SELECT FROM registration_applications a
                       WHERE a.id = new.application_id AND a.status = 'completed' AND a.kind = new.kind
                         AND a.resource_id = new.resource_id AND a.owner_id = new.owner_id)
       OR EXISTS (SELECT FROM registrations r WHERE r.code = new.code AND r.resource_id <> new.resource_id)
       OR new.number <> (SELECT count(*) FROM registrations r WHERE r.resource_id = new.resource_id) THEN
        RAISE EXCEPTION 'registration % is not what was applied for and completed', new.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
-- An application is completed after its notice, of which somebody else than the owner decided that it opens.
CREATE FUNCTION check_registration_application() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_now record;
BEGIN
    SELECT a.* INTO v_now FROM registration_applications a WHERE a.id = new.id;
    IF v_now.resource_id <> new.resource_id OR v_now.owner_id <> new.owner_id OR v_now.kind <> new.kind
       OR v_now.status = 'completed' AND NOT (
            EXISTS (SELECT FROM registrations r WHERE r.application_id = v_now.id)
            AND EXISTS (SELECT FROM registration_steps s
                         WHERE s.application_id = v_now.id AND s.action = 'approval'
                           AND s.organisation_id <> v_now.owner_id AND s.actor_kind = 'person')) THEN
        RAISE EXCEPTION 'application % is not % by what is on file', v_now.id, v_now.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER data_resources_keep BEFORE UPDATE ON data_resources
    FOR EACH ROW EXECUTE FUNCTION keep_registered_content();
CREATE TRIGGER data_resources_begin BEFORE INSERT ON data_resources FOR EACH ROW EXECUTE FUNCTION begin_as_draft();
CREATE CONSTRAINT TRIGGER registrations_check AFTER INSERT ON registrations DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_registration();
CREATE CONSTRAINT TRIGGER registration_applications_check AFTER INSERT OR UPDATE ON registration_applications
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_registration_application();
