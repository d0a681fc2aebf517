-- What a reviewer saw is not edited: text, dictionary and price plan change in a draft only.
CREATE TRIGGER data_products_keep_reviewed BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (old.status <> 'draft'
          AND (old.title_zh, old.title_en, old.description_zh, old.description_en, old.themes, old.update_frequency,
               old.dictionary, old.plan_id, old.search_terms)
              IS DISTINCT FROM
              (new.title_zh, new.title_en, new.description_zh, new.description_en, new.themes, new.update_frequency,
               new.dictionary, new.plan_id, new.search_terms))
    EXECUTE FUNCTION refuse_change();
