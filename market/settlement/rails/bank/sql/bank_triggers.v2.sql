-- A statement comes with all its entries, in one transaction: opening balance + entries = closing balance. It is of a
-- confirmed account of the platform's own; it replaces another, or has a gap beside it, only as officers have approved.
CREATE FUNCTION is_approved_review(p_review uuid, p_kind text, p_statement bank_statements) RETURNS boolean LANGUAGE sql
    STABLE SET search_path = @schema@, pg_temp AS $$
    SELECT EXISTS (SELECT FROM bank_statement_reviews r
                    WHERE r.id = p_review AND r.kind = p_kind AND r.account = p_statement.account
                      AND r.currency = p_statement.currency AND r.statement_id = p_statement.statement_id
                      AND (SELECT count(*) FROM bank_statement_approvals a WHERE a.review_id = r.id)
                          >= CASE p_kind WHEN 'gap' THEN 2 ELSE 1 END)
$$;
CREATE OR REPLACE FUNCTION check_bank_statement() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_fault text;
BEGIN
    v_fault := CASE
        WHEN new.closing_minor <> new.opening_minor + (SELECT coalesce(sum(e.amount_minor), 0) FROM bank_entries e
                                                        WHERE e.bank_statement_id = new.id AND e.currency = new.currency)
            THEN 'has entries that do not add up'
        WHEN NOT EXISTS (SELECT FROM bank_accounts b WHERE b.id = new.bank_account_id AND b.number = new.account
                            AND b.currency = new.currency AND b.confirmed_at IS NOT NULL)
            THEN 'is of no confirmed account'
        WHEN new.replaces_id IS NOT NULL
             AND (NOT EXISTS (SELECT FROM bank_statements s WHERE s.id = new.replaces_id AND s.account = new.account
                                 AND s.currency = new.currency AND s.place = new.place)
                  OR NOT coalesce(is_approved_review(new.review_id, 'correction', new), false))
            THEN 'replaces another, and nobody has approved that'
        WHEN new.gap_before_id IS NOT NULL AND new.replaces_id IS NULL
             AND NOT is_approved_review(new.gap_before_id, 'gap', new)
          OR new.gap_after_id IS NOT NULL AND new.replaces_id IS NULL
             AND NOT is_approved_review(new.gap_after_id, 'gap', new)
            THEN 'has a gap beside it that nobody has accepted'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION 'statement % %', new.statement_id, v_fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION check_bank_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_statements s WHERE s.id = new.bank_statement_id AND s.imported_at = now()) THEN
        RAISE EXCEPTION 'an entry is imported with its statement' USING ERRCODE = 'restrict_violation';
    ELSIF new.same_as_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM bank_entries e JOIN bank_statements s ON s.id = e.bank_statement_id
          JOIN bank_statements n ON n.id = new.bank_statement_id AND n.account = s.account
         WHERE e.id = new.same_as_id AND e.same_as_id IS NULL AND e.amount_minor = new.amount_minor
           AND e.currency = new.currency) THEN
        RAISE EXCEPTION 'an entry is the same as another of its account and amount' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
