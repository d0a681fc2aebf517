CREATE OR REPLACE FUNCTION invoices_keep_content() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - '{status,paid_at,paid_minor}'::text[] IS DISTINCT FROM
       to_jsonb(OLD) - '{status,paid_at,paid_minor}'::text[] THEN
        RAISE EXCEPTION 'invoice % was issued: only its status and what was paid of it may change', OLD.document_number
            USING ERRCODE = 'restrict_violation', HINT = 'Correct it with a refund and a new invoice.';
    END IF;
    RETURN NEW;
END
$$;
