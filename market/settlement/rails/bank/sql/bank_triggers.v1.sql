-- A statement comes with all its entries, in one transaction: opening balance + entries = closing balance.
CREATE FUNCTION check_bank_statement() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.closing_minor <> new.opening_minor + (SELECT coalesce(sum(e.amount_minor), 0) FROM bank_entries e
                                                  WHERE e.bank_statement_id = new.id AND e.currency = new.currency) THEN
        RAISE EXCEPTION 'the entries of statement % do not add up', new.statement_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_bank_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_statements s WHERE s.id = new.bank_statement_id AND s.imported_at = now()) THEN
        RAISE EXCEPTION 'an entry is imported with its statement' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE CONSTRAINT TRIGGER bank_statements_check AFTER INSERT ON bank_statements DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_bank_statement();
CREATE TRIGGER bank_entries_check BEFORE INSERT ON bank_entries FOR EACH ROW EXECUTE FUNCTION check_bank_entry();
