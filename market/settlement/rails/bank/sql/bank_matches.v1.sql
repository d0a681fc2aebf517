-- The matches of an entry follow each other; the parts of each sum to the entry and come with it in one transaction. What
-- pays an invoice, and what went out and came back, stands on both sides. Checked when the transaction commits.
CREATE FUNCTION check_bank_match() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_entry record;
    v_fault text;
BEGIN
    SELECT e.*, (SELECT max(m.number) FROM bank_matches m WHERE m.entry_id = e.id) AS latest INTO v_entry
      FROM bank_entries e WHERE e.id = new.entry_id;
    v_fault := CASE
        WHEN new.number > 1 AND NOT EXISTS (
                SELECT FROM bank_matches m WHERE m.entry_id = new.entry_id AND m.number = new.number - 1
                   AND m.journal_id = new.journal_id AND m.status <> 'void')
            THEN 'does not follow the one before'
        WHEN v_entry.amount_minor <> (SELECT coalesce(sum(x.amount_minor), 0) FROM bank_match_parts x
                                       WHERE x.match_id = new.id)
            THEN 'has parts that do not sum to the entry'
        WHEN EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id
                        AND (sign(x.amount_minor) <> sign(v_entry.amount_minor)
                             OR (x.kind = 'void') <> (new.status = 'void')))
            THEN 'has a part that is not of the entry'
        WHEN new.number < v_entry.latest THEN NULL
        WHEN EXISTS (SELECT FROM payments p WHERE p.source_id = new.entry_id AND p.rail = 'bank'
                        AND NOT EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = p.id)
                        AND NOT EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id
                                           AND x.payment_id = p.id))
          OR EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id AND x.kind = 'invoice'
                        AND (NOT EXISTS (SELECT FROM payments p WHERE p.id = x.payment_id AND p.source_id = new.entry_id
                                            AND p.invoice_id = x.invoice_id AND p.amount_minor = x.amount_minor)
                             OR EXISTS (SELECT FROM payment_reversals r WHERE r.payment_id = x.payment_id)))
            THEN 'does not say what the entry pays'
        WHEN EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id AND x.kind = 'return'
                        AND NOT EXISTS (
                            SELECT FROM bank_match_parts y JOIN bank_matches m ON m.id = y.match_id
                             WHERE m.entry_id = x.counter_entry_id AND y.counter_entry_id = new.entry_id
                               AND y.kind = 'return' AND y.amount_minor = -x.amount_minor
                               AND m.number = (SELECT max(l.number) FROM bank_matches l WHERE l.entry_id = m.entry_id)))
          OR EXISTS (SELECT FROM bank_match_parts y JOIN bank_matches m ON m.id = y.match_id
                      WHERE y.counter_entry_id = new.entry_id
                        AND m.number = (SELECT max(l.number) FROM bank_matches l WHERE l.entry_id = m.entry_id)
                        AND NOT EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id AND x.kind = 'return'
                                           AND x.counter_entry_id = m.entry_id AND x.amount_minor = -y.amount_minor))
            THEN 'returns what its counterpart does not'
        WHEN EXISTS (SELECT FROM refunds r
                      WHERE r.status = 'succeeded' AND r.rail = 'bank'
                        AND EXISTS (SELECT FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id
                                     WHERE x.refund_id = r.id AND m.entry_id = new.entry_id)
                        AND NOT EXISTS (SELECT FROM bank_match_parts x WHERE x.match_id = new.id
                                           AND x.refund_id = r.id AND abs(x.amount_minor) = r.amount_minor)
                        AND (r.bank_entry_id = new.entry_id OR NOT EXISTS (
                             SELECT FROM bank_match_parts x JOIN bank_matches m ON m.id = x.match_id
                              WHERE x.refund_id = r.id AND x.amount_minor = -r.amount_minor
                                AND m.number = (SELECT max(l.number) FROM bank_matches l WHERE l.entry_id = m.entry_id))))
            THEN 'leaves a refund without its money'
    END;
    IF v_fault IS NOT NULL THEN
        RAISE EXCEPTION 'match % of bank entry % %', new.number, new.entry_id, v_fault
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_bank_match_part() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp @planner@ AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM bank_matches m WHERE m.id = new.match_id AND m.recorded_at = now()) THEN
        RAISE EXCEPTION 'a part is recorded with its match' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE CONSTRAINT TRIGGER bank_matches_check AFTER INSERT ON bank_matches DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_bank_match();
CREATE TRIGGER bank_match_parts_check BEFORE INSERT ON bank_match_parts
    FOR EACH ROW EXECUTE FUNCTION check_bank_match_part();
