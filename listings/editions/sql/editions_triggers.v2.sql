-- As the first version, without the search terms, which are no column of products any more.
DROP TRIGGER data_products_keep_reviewed ON data_products;
DROP TRIGGER data_products_keep_terms ON data_products;
CREATE TRIGGER data_products_keep_reviewed BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (old.status <> 'draft' AND new.status <> 'published'
          AND (old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes, old.update_frequency,
               old.theme_axes, old.purposes, old.delivery_classes, old.dictionary, old.plan_id, old.edition_id)
              IS DISTINCT FROM
              (new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes, new.update_frequency,
               new.theme_axes, new.purposes, new.delivery_classes, new.dictionary, new.plan_id, new.edition_id))
    EXECUTE FUNCTION refuse_change();
-- The axes are those of the themes, and change with them.
CREATE TRIGGER data_products_keep_axes BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (new.status = 'published' AND old.status = 'published' AND old.edition_id IS NOT DISTINCT FROM new.edition_id
          AND old.theme_axes IS DISTINCT FROM new.theme_axes)
    EXECUTE FUNCTION refuse_change();
