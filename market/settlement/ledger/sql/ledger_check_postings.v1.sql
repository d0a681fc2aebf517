-- The triggers look at all rows of a statement at once. A journal declares how many postings it has and its lines
-- are numbered from 1: a posting set is accepted only when it is the whole of its journal, so that the primary key
-- (journal, line) refuses any later addition, by whomever and in whatever transaction. A journal is accepted only
-- when its postings came in the same statement.
CREATE FUNCTION ledger_check_postings() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp @planner@ AS $$
DECLARE
    v_fault record;
BEGIN
    SELECT * INTO v_fault FROM (
        SELECT p.journal_id,
               CASE WHEN j.id IS NULL THEN 'does not exist'
                    WHEN count(*) <> j.posting_count OR max(p.line) <> j.posting_count
                        THEN 'declares ' || j.posting_count || ' postings and was given ' || count(*)
                    WHEN bool_or(p.effective_at <> j.effective_at) THEN 'has postings of another time'
                    WHEN bool_or(a.id IS NULL) THEN 'posts to an account that does not exist'
                    WHEN bool_or(a.currency <> p.currency) THEN 'posts in another currency than the account is kept in'
               END AS fault
          FROM added p
          LEFT JOIN ledger_journals j ON j.id = p.journal_id
          LEFT JOIN ledger_accounts a ON a.id = p.account_id
         GROUP BY p.journal_id, j.id, j.posting_count) checked
     WHERE fault IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % %', v_fault.journal_id, v_fault.fault USING ERRCODE = 'check_violation';
    END IF;
    SELECT journal_id, currency, sum(amount) AS difference INTO v_fault
      FROM added GROUP BY journal_id, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % is out of balance by % minor units of %',
            v_fault.journal_id, v_fault.difference, v_fault.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
