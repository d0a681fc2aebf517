-- An agreement is agreed with the operator's signature and final with the buyer's too; terminated, it has its final stop.
-- Checked when the transaction commits, since signature and status are written one after the other.
CREATE FUNCTION check_agreement() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_now record;
BEGIN
    SELECT a.id, a.status, a.finalized_at, a.terminated_at,
           EXISTS (SELECT FROM agreement_signatures s
                    WHERE s.agreement_id = a.id AND s.organisation_id = a.operator_id AND s.digest = a.digest) AS agreed,
           EXISTS (SELECT FROM agreement_signatures s
                    WHERE s.agreement_id = a.id AND s.organisation_id = a.buyer_id AND s.digest = a.digest) AS verified,
           EXISTS (SELECT FROM stops s WHERE s.subject_id = a.id AND s.final AND s.lifted_at IS NULL) AS ended
      INTO v_now FROM agreements a WHERE a.id = new.id;
    IF v_now.status IN ('agreed', 'finalized') AND NOT v_now.agreed
       OR v_now.status = 'finalized' AND NOT (v_now.verified AND v_now.finalized_at IS NOT NULL)
       OR v_now.status IN ('requested', 'agreed') AND v_now.finalized_at IS NOT NULL
       OR v_now.status = 'terminated' AND NOT (v_now.ended AND v_now.terminated_at IS NOT NULL)
       OR v_now.status <> 'terminated' AND v_now.terminated_at IS NOT NULL THEN
        RAISE EXCEPTION 'agreement % is not % by what is on file', v_now.id, v_now.status
            USING ERRCODE = 'restrict_violation', HINT = 'It takes the signatures; a termination takes a final stop.';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION check_agreement_signature() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM agreements a WHERE a.id = new.agreement_id AND a.digest = new.digest
                      AND new.organisation_id IN (a.operator_id, a.buyer_id)) THEN
        RAISE EXCEPTION 'a signature is of the operator or the buyer, under the digest of the agreement'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE CONSTRAINT TRIGGER agreements_check AFTER INSERT OR UPDATE ON agreements DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_agreement();
CREATE TRIGGER agreement_signatures_check BEFORE INSERT ON agreement_signatures
    FOR EACH ROW EXECUTE FUNCTION check_agreement_signature();
