CREATE FUNCTION keep_agreement_terms() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the terms of an agreement do not change; make another agreement'
                USING ERRCODE = 'restrict_violation';
        END
        $$;
