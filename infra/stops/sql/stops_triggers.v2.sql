-- A stop is lifted by the organisation that placed it. One on an organisation also by an authority above the one that
-- placed it: a regulator, or another organisation of the platform, above the platform; whoever runs the machine, whose
-- ids are zero, above all.
CREATE OR REPLACE FUNCTION require_stop_logged() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM audit_entries e
         WHERE e.subject_id = new.subject_id
           AND (e.organisation_id = new.placed_by_organisation
                OR new.subject_kind = 'organisation' AND new.lifted_at IS NOT NULL
                   AND (e.organisation_id = '00000000-0000-0000-0000-000000000000' AND e.actor_kind = 'system'
                        OR NOT EXISTS (SELECT FROM organisations p
                                        WHERE p.id = new.placed_by_organisation AND p.kind <> 'platform')
                           AND EXISTS (SELECT FROM organisations o
                                        WHERE o.id = e.organisation_id AND o.kind IN ('platform', 'regulator'))))
           AND CASE WHEN new.lifted_at IS NULL
                    THEN e.action = new.subject_kind || '.stopped' AND e.actor_id = new.placed_by
                         AND e.detail ->> 'stop_id' = new.id::text
                    ELSE e.action = new.subject_kind || '.stop_lifted' AND e.actor_id = new.lifted_by
                         AND e.detail -> 'stop_ids' ? new.id::text END) THEN
        RAISE EXCEPTION 'stop % is not in the audit log of who may place or lift it', new.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
