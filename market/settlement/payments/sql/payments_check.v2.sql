-- A payment comes from money on a rail that the books know and is booked; one that completes its invoice is split. What is
-- taken back is booked back. A refund is of money that is there, is approved by somebody else where a bank makes it, and
-- is completed by the processor or by an entry of a bank statement. Checked when the transaction commits.
CREATE OR REPLACE FUNCTION check_payment() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT (CASE new.rail
        WHEN 'bank' THEN EXISTS (
            SELECT FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id JOIN bank_entries e ON e.id = m.entry_id
             WHERE x.payment_id = new.id AND x.invoice_id = new.invoice_id AND x.amount_minor = new.amount_minor
               AND m.entry_id = new.source_id AND e.currency = new.currency)
        WHEN 'card' THEN EXISTS (
            SELECT FROM card_payments c
             WHERE c.id = new.source_id AND c.invoice_id = new.invoice_id AND c.status = 'succeeded'
               AND c.amount_minor = new.amount_minor AND c.currency = new.currency)
            AND NOT EXISTS (
            SELECT FROM payments o WHERE o.source_id = new.source_id AND o.id <> new.id
               AND NOT EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = o.id))
        ELSE false END) THEN
        RAISE EXCEPTION 'payment % comes from no money received', new.id USING ERRCODE = 'restrict_violation';
    ELSIF NOT EXISTS (SELECT FROM invoices i WHERE i.id = new.invoice_id AND i.currency = new.currency)
       OR NOT EXISTS (SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                        JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'receivable'
                       WHERE j.id = new.payment_journal_id AND j.source_kind = 'payment' AND j.source_id = new.invoice_id
                         AND p.amount = -new.amount_minor AND p.currency = new.currency)
       OR new.split_journal_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                            JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'clearing'
                            JOIN invoices i ON i.id = new.invoice_id
                           WHERE j.id = new.split_journal_id AND j.source_kind = 'split' AND j.source_id = i.id
                             AND p.amount = i.total_minor AND p.currency = i.currency) THEN
        RAISE EXCEPTION 'payment % is not booked and split', new.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_payment_reversal() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payments o
                     JOIN ledger_journals j ON j.source_kind = 'payment' AND j.source_id = o.invoice_id
                      AND j.reverses_id = o.payment_journal_id
                     JOIN ledger_postings p ON p.journal_id = j.id
                     JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'receivable'
                    WHERE o.id = new.payment_id AND j.id = new.journal_id
                      AND p.amount = o.amount_minor AND p.currency = o.currency) THEN
        RAISE EXCEPTION 'the reversal of payment % is not booked', new.payment_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION check_refund() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_refund record;
    v_fault text;
BEGIN
    SELECT * INTO v_refund FROM refunds WHERE id = new.id;
    v_fault := CASE
        WHEN v_refund.rail = 'card' AND (
                v_refund.status IN ('approved', 'rejected', 'withdrawn') OR v_refund.bank_entry_id IS NOT NULL
                OR tg_op = 'UPDATE' AND old.status = 'succeeded' AND v_refund.status <> 'succeeded')
            THEN 'is made by the processor, which decides alone'
        WHEN v_refund.invoice_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM invoices i WHERE i.id = v_refund.invoice_id AND i.currency = v_refund.currency
                   AND i.total_minor = v_refund.amount_minor)
            THEN 'is not of the whole invoice'
        WHEN v_refund.rail = 'card' AND v_refund.invoice_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM payments p WHERE p.id = v_refund.payment_id AND p.invoice_id = v_refund.invoice_id
                   AND p.rail = 'card' AND p.amount_minor = v_refund.amount_minor AND p.currency = v_refund.currency)
            THEN 'is not of a whole card payment'
        WHEN v_refund.card_payment_id IS NOT NULL AND (
                NOT EXISTS (SELECT FROM card_payments c WHERE c.id = v_refund.card_payment_id AND c.status = 'succeeded'
                               AND c.amount_minor = v_refund.amount_minor AND c.currency = v_refund.currency)
                OR v_refund.status IN ('requested', 'approved', 'succeeded') AND EXISTS (
                    SELECT FROM payments p WHERE p.source_id = v_refund.card_payment_id
                       AND NOT EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = p.id)))
            THEN 'is not of a card payment that paid nothing'
        WHEN v_refund.bank_entry_id IS NOT NULL AND v_refund.status IN ('requested', 'approved', 'succeeded')
             AND NOT EXISTS (
                SELECT FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id
                  JOIN bank_entries e ON e.id = m.entry_id
                 WHERE x.refund_id = v_refund.id AND m.entry_id = v_refund.bank_entry_id
                   AND x.amount_minor = v_refund.amount_minor AND e.currency = v_refund.currency
                   AND m.number = (SELECT max(l.number) FROM bank_matches l WHERE l.entry_id = m.entry_id))
            THEN 'has no money set aside'
        WHEN v_refund.rail = 'bank' AND v_refund.status IN ('approved', 'succeeded')
             AND (v_refund.approved_by IS NULL OR v_refund.approved_by = v_refund.requested_by
                  OR v_refund.approved_at IS NULL)
            THEN 'is approved by nobody else'
        WHEN v_refund.status <> 'succeeded' THEN NULL
        WHEN v_refund.completed_at IS NULL OR v_refund.rail = 'card' AND v_refund.processor_id IS NULL
             OR v_refund.rail = 'bank' AND NOT EXISTS (
                SELECT FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id
                  JOIN bank_entries e ON e.id = m.entry_id
                 WHERE x.refund_id = v_refund.id AND x.amount_minor = -v_refund.amount_minor
                   AND e.currency = v_refund.currency
                   AND m.number = (SELECT max(l.number) FROM bank_matches l WHERE l.entry_id = m.entry_id))
            THEN 'was not paid out'
        WHEN v_refund.invoice_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM invoices i WHERE i.id = v_refund.invoice_id AND i.status = 'refunded')
            THEN 'is not booked'
        WHEN (v_refund.invoice_id IS NOT NULL OR v_refund.rail = 'card') AND NOT EXISTS (
                SELECT FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id
                  JOIN ledger_accounts a ON a.id = p.account_id
                   AND a.role = CASE v_refund.rail WHEN 'card' THEN 'card' ELSE 'suspense' END
                 WHERE j.source_kind = 'refund' AND j.source_id = v_refund.id
                   AND p.amount = -v_refund.amount_minor AND p.currency = v_refund.currency)
            THEN 'is not booked'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION 'refund % %', v_refund.id, v_fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER payment_reversals_check AFTER INSERT ON payment_reversals DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_payment_reversal();
