-- A payment is of a whole invoice and comes from money on a rail that the books know; a refund is of a whole payment, and
-- is completed when its journal is posted and the processor has named it. Checked when the transaction commits.
CREATE FUNCTION check_payment() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM invoices i WHERE i.id = new.invoice_id AND i.status IN ('paid', 'refunded')
                      AND i.total_minor = new.amount_minor AND i.currency = new.currency) THEN
        RAISE EXCEPTION 'payment % is not of a whole, paid invoice', new.id USING ERRCODE = 'restrict_violation';
    ELSIF NOT (CASE new.rail
        WHEN 'bank' THEN EXISTS (
            SELECT FROM bank_matches m JOIN bank_entries e ON e.id = m.entry_id
             WHERE m.entry_id = new.source_id AND m.invoice_id = new.invoice_id AND m.status = 'paid'
               AND e.amount_minor = new.amount_minor AND e.currency = new.currency)
        WHEN 'card' THEN EXISTS (
            SELECT FROM card_payments c
             WHERE c.id = new.source_id AND c.invoice_id = new.invoice_id AND c.status = 'succeeded'
               AND c.amount_minor = new.amount_minor AND c.currency = new.currency)
        ELSE false END) THEN
        RAISE EXCEPTION 'payment % comes from no money received', new.id USING ERRCODE = 'restrict_violation';
    ELSIF NOT EXISTS (SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                        JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'receivable'
                       WHERE j.id = new.payment_journal_id AND j.source_kind = 'payment' AND j.source_id = new.invoice_id
                         AND p.amount = -new.amount_minor AND p.currency = new.currency)
       OR NOT EXISTS (SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                        JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'clearing'
                       WHERE j.id = new.split_journal_id AND j.source_kind = 'split' AND j.source_id = new.invoice_id
                         AND p.amount = new.amount_minor AND p.currency = new.currency) THEN
        RAISE EXCEPTION 'payment % is not booked and split', new.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_refund() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_refund record;
BEGIN
    SELECT * INTO v_refund FROM refunds WHERE id = new.id;
    IF NOT EXISTS (SELECT FROM payments p WHERE p.id = v_refund.payment_id AND p.invoice_id = v_refund.invoice_id
                      AND p.rail = 'card' AND p.amount_minor = v_refund.amount_minor
                      AND p.currency = v_refund.currency) THEN
        RAISE EXCEPTION 'refund % is not of a whole card payment', v_refund.id USING ERRCODE = 'restrict_violation';
    ELSIF v_refund.status = 'succeeded' AND (
        v_refund.processor_id IS NULL OR v_refund.completed_at IS NULL
        OR NOT EXISTS (SELECT FROM invoices i WHERE i.id = v_refund.invoice_id AND i.status = 'refunded')
        OR NOT EXISTS (SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                         JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'card'
                        WHERE j.source_kind = 'refund' AND j.source_id = v_refund.id
                          AND p.amount = -v_refund.amount_minor AND p.currency = v_refund.currency)) THEN
        RAISE EXCEPTION 'refund % is not booked', v_refund.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER payments_check AFTER INSERT ON payments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_payment();
CREATE CONSTRAINT TRIGGER refunds_check AFTER INSERT OR UPDATE ON refunds DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_refund();
