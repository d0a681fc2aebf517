-- What a reviewer reads of an edition is not edited, what took effect rests on an approval of just that, and a product
-- that left its draft says what its edition in force says.
CREATE FUNCTION keep_edition() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF old.status <> 'draft' AND (old.document, old.digest, old.submitted_by, old.submitted_at)
            IS DISTINCT FROM (new.document, new.digest, new.submitted_by, new.submitted_at) THEN
        RAISE EXCEPTION 'what was submitted of edition % is not changed', old.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF new.status = 'in_force' AND old.status <> 'in_force' AND NOT EXISTS (
            SELECT FROM edition_reviews r JOIN data_products p ON p.id = new.product_id
             WHERE r.edition_id = new.id AND r.decision = 'approved' AND r.digest = new.digest
               AND r.reviewed_by_organisation NOT IN (p.operator_id, p.owner_id)
               AND r.reviewed_by <> new.submitted_by) THEN
        RAISE EXCEPTION 'edition % takes effect without an approval', old.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE FUNCTION keep_product_edition() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM product_editions e
             WHERE e.id = new.edition_id AND e.product_id = new.id AND e.status = 'in_force'
               AND e.document = jsonb_build_object(
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
CREATE TRIGGER product_editions_keep BEFORE UPDATE ON product_editions FOR EACH ROW EXECUTE FUNCTION keep_edition();
DROP TRIGGER data_products_keep_reviewed ON data_products;
-- Text, dictionary and price plan change in a draft, or with an edition that took effect in the same transaction.
CREATE TRIGGER data_products_keep_reviewed BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (old.status <> 'draft' AND new.status <> 'published'
          AND (old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes, old.update_frequency,
               old.theme_axes, old.purposes, old.delivery_classes, old.dictionary, old.plan_id, old.edition_id,
               old.search_terms)
              IS DISTINCT FROM
              (new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes, new.update_frequency,
               new.theme_axes, new.purposes, new.delivery_classes, new.dictionary, new.plan_id, new.edition_id,
               new.search_terms))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER data_products_keep_edition BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.status = 'published'
          AND (old.status, old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes,
               old.update_frequency, old.purposes, old.delivery_classes, old.dictionary, old.plan_id, old.edition_id)
              IS DISTINCT FROM
              (new.status, new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes,
               new.update_frequency, new.purposes, new.delivery_classes, new.dictionary, new.plan_id, new.edition_id))
    EXECUTE FUNCTION keep_product_edition();
-- Found under the words of its text: these change with it.
CREATE TRIGGER data_products_keep_terms BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.status = 'published' AND old.status = 'published' AND old.edition_id IS NOT DISTINCT FROM new.edition_id
          AND (old.search_terms, old.theme_axes) IS DISTINCT FROM (new.search_terms, new.theme_axes))
    EXECUTE FUNCTION refuse_change();
