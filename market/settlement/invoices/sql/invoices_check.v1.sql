-- An invoice comes to the sum of its lines and is booked; it is paid by a payment of its whole total, refunded by a refund
-- of it. Checked when the transaction commits, since all of it is written one after the other.
CREATE FUNCTION check_invoice() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_invoice record;
    v_fault text;
BEGIN
    IF tg_table_name = 'invoices' THEN
        SELECT * INTO v_invoice FROM invoices WHERE id = new.id;
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
        WHEN v_invoice.status IN ('paid', 'refunded') AND NOT EXISTS (
                SELECT FROM payments p WHERE p.invoice_id = v_invoice.id AND p.currency = v_invoice.currency
                   AND p.amount_minor = v_invoice.total_minor)
            THEN 'has no payment of its total'
        WHEN v_invoice.status = 'refunded' AND NOT EXISTS (
                SELECT FROM refunds r WHERE r.invoice_id = v_invoice.id AND r.status = 'succeeded'
                   AND r.currency = v_invoice.currency AND r.amount_minor = v_invoice.total_minor)
            THEN 'has no refund of its total'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION 'invoice % %', v_invoice.document_number, v_fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION keep_invoice_series() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.last_number <> (CASE WHEN tg_op = 'UPDATE' THEN old.last_number + 1 ELSE 0 END) THEN
        RAISE EXCEPTION 'invoice numbers are taken one after the other' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE CONSTRAINT TRIGGER invoices_check AFTER INSERT OR UPDATE ON invoices DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_invoice();
CREATE CONSTRAINT TRIGGER invoice_lines_check AFTER INSERT ON invoice_lines DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_invoice();
CREATE TRIGGER invoice_series_keep BEFORE INSERT OR UPDATE ON invoice_series
    FOR EACH ROW EXECUTE FUNCTION keep_invoice_series();
