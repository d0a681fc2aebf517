-- What tells of the values of revisions leaves the database by a confirmed order, and by nothing else: the guards below let
-- no other change of these rows pass, whoever makes it. What remains of a revision is its tombstone.
CREATE FUNCTION is_purged(p_revision uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = @schema@, pg_temp AS $$
    SELECT EXISTS (SELECT FROM purge_orders o
                    WHERE p_revision = ANY (o.revision_ids) AND o.status IN ('confirmed', 'completed'))
$$;

CREATE FUNCTION keep_unless_purged() RETURNS trigger
LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_revision uuid := (to_jsonb(OLD) ->> TG_ARGV[0])::uuid;
    v_emptied text[] := string_to_array(TG_ARGV[1], ' ');
BEGIN
    IF NOT is_purged(v_revision) OR (to_jsonb(NEW) - v_emptied) IS DISTINCT FROM (to_jsonb(OLD) - v_emptied) THEN
        RAISE EXCEPTION '% is append-only: only a confirmed purge order empties a row', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION purge_revisions(p_order uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_emptied integer;
BEGIN
    SELECT revision_ids INTO v_ids FROM purge_orders WHERE id = p_order AND status IN ('confirmed', 'completed');
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'purge order % is not confirmed', p_order USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE product_revisions
       SET sample = '[]', profile = '{"columns": [], "notices": []}', source_name = '', purged_at = now()
     WHERE id = ANY (v_ids) AND purged_at IS NULL;
    GET DIAGNOSTICS v_emptied = ROW_COUNT;
    UPDATE revision_contents SET detected = '[]' WHERE revision_id = ANY (v_ids) AND detected <> '[]';
    UPDATE column_proposals SET proposals = '[]' WHERE revision_id = ANY (v_ids) AND proposals <> '[]';
    UPDATE uploads SET name = '' WHERE revision_id = ANY (v_ids);
    UPDATE quality_reports SET checks = '[]' WHERE revision_id = ANY (v_ids) AND checks <> '[]';
    UPDATE quality_runs SET checks = '[]', error = NULL WHERE revision_id = ANY (v_ids);
    RETURN v_emptied;
END
$$;
