-- Values that a profile tells of a revision's data.
CREATE FUNCTION profiled_values(p_profile jsonb) RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path = @schema@, pg_temp AS $$
    SELECT found.value
      FROM jsonb_array_elements(coalesce(p_profile -> 'columns', '[]')) AS one(c),
           LATERAL (
               SELECT jsonb_array_elements_text(CASE jsonb_typeof(c -> 'values') WHEN 'array' THEN c -> 'values' ELSE '[]' END)
               UNION ALL
               SELECT t ->> 'value'
                 FROM jsonb_array_elements(CASE jsonb_typeof(c -> 'top_values') WHEN 'array' THEN c -> 'top_values' ELSE '[]' END) AS t
               UNION ALL
               SELECT jsonb_array_elements_text(CASE jsonb_typeof(c -> 'quantiles') WHEN 'array' THEN c -> 'quantiles' ELSE '[]' END)
           ) AS found(value)
     WHERE found.value <> ''
$$;

-- A JSON value without these words: a text or a name that is one of them, and one of four letters or more inside a text.
CREATE FUNCTION without_words(p_value jsonb, p_words text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_text text;
    v_word text;
BEGIN
    CASE jsonb_typeof(p_value)
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(CASE WHEN key = ANY (p_words) THEN '[purged]' ELSE key END,
                                                 without_words(value, p_words)), '{}')
                  FROM jsonb_each(p_value));
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(without_words(value, p_words) ORDER BY ordinality), '[]')
                  FROM jsonb_array_elements(p_value) WITH ORDINALITY);
    WHEN 'string' THEN
        v_text := p_value #>> '{}';
        IF v_text = ANY (p_words) THEN
            RETURN to_jsonb('[purged]'::text);
        END IF;
        FOREACH v_word IN ARRAY p_words LOOP
            IF length(v_word) >= 4 THEN
                v_text := replace(v_text, v_word, '[purged]');
            END IF;
        END LOOP;
        RETURN to_jsonb(v_text);
    ELSE
        RETURN p_value;
    END CASE;
END
$$;

-- Checks of a suite, a run or a report without these words. A bound is a rule of its writer's, not a value of the data. Of
-- quantiles without one of them nothing can be said: all data differ from what is left.
CREATE FUNCTION checks_without_words(p_checks jsonb, p_words text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = @schema@, pg_temp AS $$
    SELECT coalesce(jsonb_agg(
        CASE
        WHEN told.kept #> '{arguments,baseline,quantiles}' @> '["[purged]"]' THEN
            jsonb_set(told.kept, '{arguments,baseline}', '{"kind": "categories", "shares": {"[purged]": "1"}}')
        ELSE told.kept
        END ORDER BY one.ordinality), '[]')
      FROM jsonb_array_elements(p_checks) WITH ORDINALITY AS one(c, ordinality),
           LATERAL (
               SELECT one.c || coalesce(jsonb_object_agg(key, without_words(value, p_words)), '{}') AS kept
                 FROM jsonb_each(one.c)
                WHERE key IN ('arguments', 'name', 'owner', 'observed', 'error', 'sentence_zh', 'sentence_en')
                  AND NOT (key = 'arguments' AND one.c ->> 'type' = 'between')
           ) AS told
$$;

-- Rows of a product of which data was purged may lose words, and no other change of them passes.
CREATE FUNCTION keep_unless_product_purged() RETURNS trigger
LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_row jsonb := to_jsonb(OLD);
    v_product uuid := coalesce((v_row ->> 'product_id')::uuid,
                               (SELECT product_id FROM product_revisions WHERE id = (v_row ->> 'revision_id')::uuid));
    v_emptied text[] := string_to_array(TG_ARGV[0], ' ');
BEGIN
    IF NOT EXISTS (SELECT FROM purge_orders o WHERE o.product_id = v_product AND o.status IN ('confirmed', 'completed'))
       OR (to_jsonb(NEW) - v_emptied) IS DISTINCT FROM (v_row - v_emptied) THEN
        RAISE EXCEPTION '% is append-only: only a confirmed purge order empties a row', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- As before; and values of the data that no other revision of the product has leave its suites, and the runs and reports of
-- its other revisions, as far as the profile of the data tells them.
CREATE OR REPLACE FUNCTION purge_revisions(p_order uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_ids uuid[];
    v_product uuid;
    v_words text[];
    v_emptied integer;
BEGIN
    SELECT revision_ids, product_id INTO v_ids, v_product
      FROM purge_orders WHERE id = p_order AND status IN ('confirmed', 'completed');
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'purge order % is not confirmed', p_order USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT array_agg(word ORDER BY length(word) DESC, word) INTO v_words
      FROM (SELECT profiled_values(profile) AS word FROM product_revisions WHERE id = ANY (v_ids)
            EXCEPT
            SELECT profiled_values(profile) FROM product_revisions WHERE product_id = v_product AND id <> ALL (v_ids)
            EXCEPT
            SELECT c ->> 'name' FROM product_revisions, jsonb_array_elements(columns) AS c WHERE product_id = v_product
            EXCEPT
            SELECT unnest('{arguments,baseline,categories,column,expected,format,kind,list,maximum,minimum,missing_values,pattern,
                            product_id,quantiles,shares,statement,strict_maximum,strict_minimum,type,values,within,zh,en}'::text[])
           ) AS found
     WHERE EXISTS (SELECT FROM quality_suites
                    WHERE product_id = v_product
                      AND (position(to_jsonb(word)::text IN checks::text) > 0
                           OR (length(word) >= 4
                               AND position(trim('"' FROM to_jsonb(word)::text) IN checks::text || bases::text) > 0)));
    IF v_words IS NOT NULL THEN
        UPDATE quality_suites SET checks = checks_without_words(checks, v_words), bases = without_words(bases, v_words)
         WHERE product_id = v_product
           AND (checks <> checks_without_words(checks, v_words) OR bases <> without_words(bases, v_words));
        UPDATE quality_runs SET checks = checks_without_words(checks, v_words)
         WHERE revision_id IN (SELECT id FROM product_revisions WHERE product_id = v_product)
           AND checks <> checks_without_words(checks, v_words);
        UPDATE quality_reports
           SET checks = checks_without_words(checks, v_words), refusals = without_words(refusals, v_words)
         WHERE revision_id IN (SELECT id FROM product_revisions WHERE product_id = v_product)
           AND checks <> checks_without_words(checks, v_words);
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
