-- As before, and samples that were drawn of the data.
CREATE OR REPLACE FUNCTION purge_revisions(p_order uuid) RETURNS integer
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
    UPDATE product_samples SET rows = '[]' WHERE revision_id = ANY (v_ids) AND rows <> '[]';
    UPDATE uploads SET name = '' WHERE revision_id = ANY (v_ids);
    UPDATE quality_reports SET checks = '[]' WHERE revision_id = ANY (v_ids) AND checks <> '[]';
    UPDATE quality_runs SET checks = '[]', error = NULL WHERE revision_id = ANY (v_ids);
    RETURN v_emptied;
END
$$;
