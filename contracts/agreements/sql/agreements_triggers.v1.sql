CREATE TRIGGER agreements_keep_terms BEFORE UPDATE ON agreements FOR EACH ROW
    WHEN (old.document IS DISTINCT FROM new.document OR old.digest IS DISTINCT FROM new.digest
          OR old.buyer_id IS DISTINCT FROM new.buyer_id OR old.operator_id IS DISTINCT FROM new.operator_id
          OR old.owner_id IS DISTINCT FROM new.owner_id OR old.product_id IS DISTINCT FROM new.product_id)
    EXECUTE FUNCTION keep_agreement_terms();
