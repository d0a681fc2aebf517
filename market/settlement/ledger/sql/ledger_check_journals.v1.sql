CREATE FUNCTION ledger_check_journals() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_journal uuid;
BEGIN
    SELECT j.id INTO v_journal FROM added j
     WHERE NOT EXISTS (SELECT 1 FROM ledger_postings p WHERE p.journal_id = j.id AND p.line = 1) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % has no postings', v_journal
            USING ERRCODE = 'check_violation', HINT = 'Insert a journal and its postings in one statement.';
    END IF;
    RETURN NULL;
END
$$;
