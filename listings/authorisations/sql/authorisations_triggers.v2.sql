-- What is in force was signed by every side: the owner of each resource it covers, the authorising body and the operator.
-- Where two sides signed before authorising bodies took part, by these two; nothing of that kind begins any more.
CREATE OR REPLACE FUNCTION check_authorisation() RETURNS trigger LANGUAGE plpgsql
SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_now record;
BEGIN
    SELECT a.id, a.status, a.accepted_at, a.accepted_by, a.ended_at,
           EXISTS (SELECT FROM stops s WHERE s.subject_id = a.id AND s.final AND s.lifted_at IS NULL) AS ended,
           a.procedure = 'two_party'
           OR NOT EXISTS (
              SELECT FROM (SELECT r.owner_id AS party FROM authorisation_resources r
                            WHERE r.authorisation_id = a.id AND r.version = a.version
                            UNION SELECT a.authorising_body_id
                            UNION SELECT a.operator_id) p
               WHERE NOT EXISTS (SELECT FROM authorisation_signatures g
                                  WHERE g.authorisation_id = a.id AND g.organisation_id = p.party
                                    AND g.decision = 'signed')) AS signed
      INTO v_now FROM authorisations a WHERE a.id = new.id;
    IF v_now.status = 'active' AND (v_now.accepted_at IS NULL OR v_now.accepted_by IS NULL OR NOT v_now.signed)
       OR v_now.status = 'revoked' AND NOT v_now.ended
       OR (v_now.status IN ('declined', 'lapsed', 'revoked')) <> (v_now.ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'authorisation % is not % by what is on file', v_now.id, v_now.status
            USING ERRCODE = 'restrict_violation',
                  HINT = 'It takes the signature of every side; a revocation takes a final stop.';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION begin_authorisation() RETURNS trigger LANGUAGE plpgsql SET search_path = @schema@, pg_temp AS $$
BEGIN
    IF new.procedure <> 'three_party' OR new.version <> 1 THEN
        RAISE EXCEPTION 'an authorisation is signed by three sides' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER authorisations_begin BEFORE INSERT ON authorisations FOR EACH ROW EXECUTE FUNCTION begin_authorisation();
