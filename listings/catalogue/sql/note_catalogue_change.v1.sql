-- Whoever keeps the catalogue in memory asks which things have changed since it last asked. A row is written in the
-- transaction of the change and bears its number, so that one which was begun early and committed late is not missed: the
-- reader compares numbers with the snapshot it read before. No two transactions write the same row, so none waits.
CREATE FUNCTION note_catalogue_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_subject uuid;
BEGIN
    IF tg_op = 'DELETE' THEN
        EXECUTE format('SELECT ($1).%I', tg_argv[0]) INTO v_subject USING old;
    ELSE
        EXECUTE format('SELECT ($1).%I', tg_argv[0]) INTO v_subject USING new;
    END IF;
    INSERT INTO catalogue_changes (changed_by, subject_id)
    VALUES (pg_current_xact_id()::text::bigint, v_subject) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
