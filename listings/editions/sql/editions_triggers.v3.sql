-- As the second version, with the suite of quality checks that the product's revisions are judged by. An edition from
-- before suites names none, and leaves the product with the one it has.
CREATE OR REPLACE FUNCTION keep_product_edition() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM product_editions e
             WHERE e.id = new.edition_id AND e.product_id = new.id AND e.status = 'in_force'
               AND coalesce(e.document ->> 'quality_suite_id', new.quality_suite_id::text)
                   IS NOT DISTINCT FROM new.quality_suite_id::text
               AND e.document - 'quality_suite_id' = jsonb_build_object(
                   'title_zh', new.title_zh, 'title_en', new.title_en,
                   'description_zh', new.description_zh, 'description_en', new.description_en,
                   'themes', to_jsonb(new.themes), 'update_frequency', new.update_frequency,
                   'purposes', to_jsonb(new.purposes), 'delivery_classes', to_jsonb(new.delivery_classes),
                   'plan_id', new.plan_id, 'dictionary', new.dictionary)) THEN
        RAISE EXCEPTION 'product % does not say what its edition in force says', new.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
-- A suite is one of the product's own.
CREATE FUNCTION keep_product_suite() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM quality_suites s WHERE s.id = new.quality_suite_id AND s.product_id = new.id) THEN
        RAISE EXCEPTION 'product % has no such quality suite', new.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
DROP TRIGGER data_products_keep_reviewed ON data_products;
DROP TRIGGER data_products_keep_edition ON data_products;
CREATE TRIGGER data_products_keep_reviewed BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (old.status <> 'draft' AND new.status <> 'published'
          AND (old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes, old.update_frequency,
               old.theme_axes, old.purposes, old.delivery_classes, old.dictionary, old.plan_id, old.quality_suite_id,
               old.edition_id)
              IS DISTINCT FROM
              (new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes, new.update_frequency,
               new.theme_axes, new.purposes, new.delivery_classes, new.dictionary, new.plan_id, new.quality_suite_id,
               new.edition_id))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER data_products_keep_edition BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.status = 'published'
          AND (old.status, old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes,
               old.update_frequency, old.purposes, old.delivery_classes, old.dictionary, old.plan_id,
               old.quality_suite_id, old.edition_id)
              IS DISTINCT FROM
              (new.status, new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes,
               new.update_frequency, new.purposes, new.delivery_classes, new.dictionary, new.plan_id,
               new.quality_suite_id, new.edition_id))
    EXECUTE FUNCTION keep_product_edition();
CREATE TRIGGER data_products_own_suite BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.quality_suite_id IS NOT NULL AND old.quality_suite_id IS DISTINCT FROM new.quality_suite_id)
    EXECUTE FUNCTION keep_product_suite();
-- On the market the suite changes with the edition. A product that has none gets its first with its data.
CREATE TRIGGER data_products_keep_suite BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.status = 'published' AND old.status = 'published' AND old.edition_id IS NOT DISTINCT FROM new.edition_id
          AND old.quality_suite_id IS NOT NULL AND old.quality_suite_id IS DISTINCT FROM new.quality_suite_id)
    EXECUTE FUNCTION refuse_change();
