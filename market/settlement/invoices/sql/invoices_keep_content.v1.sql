CREATE FUNCTION invoices_keep_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'status' - 'paid_at' IS DISTINCT FROM to_jsonb(OLD) - 'status' - 'paid_at' THEN
        RAISE EXCEPTION 'invoice % was issued: only its status and when it was paid may change', OLD.document_number
            USING ERRCODE = 'restrict_violation', HINT = 'Correct it with a refund and a new invoice.';
    END IF;
    RETURN NEW;
END
$$;
