-- A withdrawn product is published again only where a procedure delisted it, and the last step of that procedure is a
-- decision that ends the delisting. What its operator withdrew stays withdrawn.
CREATE FUNCTION require_relisting() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM enforcement_procedures p
          JOIN LATERAL (
               SELECT action FROM enforcement_steps WHERE procedure_id = p.id ORDER BY number DESC LIMIT 1
               ) last ON last.action IN ('relisting', 'termination')
         WHERE p.product_id = new.id AND p.delisted
    ) THEN
        RAISE EXCEPTION 'product % was not delisted by a procedure that is decided', new.id
            USING ERRCODE = 'restrict_violation', HINT = 'A regulator relists the product, or terminates the procedure.';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER data_products_relisted BEFORE UPDATE ON data_products FOR EACH ROW
    WHEN (old.status = 'withdrawn' AND new.status = 'published') EXECUTE FUNCTION require_relisting();
