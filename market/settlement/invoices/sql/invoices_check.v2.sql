-- An invoice comes to the sum of its lines and is booked; what is paid of it is what its payments come to that were not
-- taken back. Its revenue is split while it is paid and at no other time. Checked when the transaction commits, since all
-- of it is written one after the other.
CREATE OR REPLACE FUNCTION check_invoice() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_invoice record;
    v_fault text;
BEGIN
    IF tg_table_name = 'invoices' THEN
        SELECT * INTO v_invoice FROM invoices WHERE id = new.id;
    ELSIF tg_table_name = 'payment_reversals' THEN
        SELECT i.* INTO v_invoice FROM invoices i JOIN payments p ON p.invoice_id = i.id WHERE p.id = new.payment_id;
    ELSE
        SELECT * INTO v_invoice FROM invoices WHERE id = new.invoice_id;
    END IF;
    v_fault := CASE
        WHEN v_invoice.total_minor <> (SELECT coalesce(sum(l.amount_minor), 0) FROM invoice_lines l
                                        WHERE l.invoice_id = v_invoice.id AND l.currency = v_invoice.currency)
            THEN 'does not come to the sum of its lines'
        WHEN (v_invoice.status = 'issued') <> (v_invoice.paid_at IS NULL)
            THEN 'is paid and does not say when, or the other way round'
        WHEN v_invoice.total_minor = 0 AND v_invoice.status = 'refunded' THEN 'has nothing to give back'
        WHEN v_invoice.total_minor = 0 THEN NULL
        WHEN v_invoice.total_minor IS DISTINCT FROM (
                SELECT sum(p.amount) FROM ledger_journals j
                  JOIN ledger_postings p ON p.journal_id = j.id
                  JOIN ledger_accounts a ON a.id = p.account_id AND a.role = 'receivable'
                 WHERE j.source_kind = 'invoice' AND j.source_id = v_invoice.id)
            THEN 'is not booked'
        WHEN v_invoice.paid_minor <> (
                SELECT coalesce(sum(p.amount_minor), 0) FROM payments p
                 WHERE p.invoice_id = v_invoice.id AND p.currency = v_invoice.currency
                   AND NOT EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = p.id))
            THEN 'is not paid as its payments say'
        WHEN (v_invoice.status = 'issued') <> (v_invoice.paid_minor < v_invoice.total_minor)
            THEN 'is paid by less than its total, or open and paid'
        WHEN (v_invoice.status = 'paid') <> EXISTS (
                SELECT FROM ledger_journals j
                 WHERE j.source_kind = 'split' AND j.source_id = v_invoice.id AND j.reverses_id IS NULL
                   AND NOT EXISTS (SELECT FROM ledger_journals u WHERE u.reverses_id = j.id))
            THEN 'is paid and not split, or split and not paid'
        WHEN (v_invoice.status = 'refunded') <> EXISTS (
                SELECT FROM refunds r WHERE r.invoice_id = v_invoice.id AND r.status = 'succeeded'
                   AND r.currency = v_invoice.currency AND r.amount_minor = v_invoice.total_minor)
            THEN 'is refunded without a refund of its total, or the other way round'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION 'invoice % %', v_invoice.document_number, v_fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER payments_check_invoice AFTER INSERT ON payments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_invoice();
CREATE CONSTRAINT TRIGGER payment_reversals_check_invoice AFTER INSERT ON payment_reversals DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_invoice();
