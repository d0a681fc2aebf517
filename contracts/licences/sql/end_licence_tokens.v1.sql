-- A token is ended by setting ended_at, once. Its licence's counters then tell admission to look, so that nothing is
-- looked up for licences none of whose tokens were ended. All of it runs as the owner: the service can end tokens and
-- forget those that ran out, and can bring none back.
CREATE FUNCTION end_licence_tokens(p_tokens uuid[], p_reason text) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_ended int;
BEGIN
    UPDATE licence_tokens t SET ended_at = now(), end_reason = p_reason
     WHERE t.id = ANY (p_tokens) AND t.ended_at IS NULL;
    GET DIAGNOSTICS v_ended = ROW_COUNT;
    -- The lock that admissions take, in their order: what was admitted with such a token is committed before this is.
    PERFORM 1 FROM licence_counters c
      WHERE c.licence_id IN (SELECT t.licence_id FROM licence_tokens t WHERE t.id = ANY (p_tokens))
      ORDER BY c.licence_id FOR UPDATE;
    UPDATE licence_counters c SET tokens_ended = true
     WHERE c.licence_id IN (SELECT t.licence_id FROM licence_tokens t WHERE t.id = ANY (p_tokens));
    RETURN v_ended;
END
$$;

CREATE FUNCTION forget_licence_tokens() RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
DECLARE
    v_forgotten int;
BEGIN
    -- An hour longer than they could be used, for the sake of nodes whose clocks are behind.
    DELETE FROM licence_tokens t WHERE t.expires_at < now() - interval '1 hour';
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;
    -- Lock first, look second: the second statement sees what was ended by whoever held the lock.
    PERFORM 1 FROM licence_counters c WHERE c.tokens_ended ORDER BY c.licence_id FOR UPDATE;
    UPDATE licence_counters c SET tokens_ended = false
     WHERE c.tokens_ended
       AND NOT EXISTS (SELECT FROM licence_tokens t WHERE t.licence_id = c.licence_id AND t.ended_at IS NOT NULL);
    RETURN v_forgotten;
END
$$;

-- Tokens end with what they were issued to, in the same transaction, whoever ends it. Who issues a token holds a lock on
-- the holder's row, so that none is issued past its end.
CREATE FUNCTION end_licence_tokens_of_client() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    PERFORM end_licence_tokens(
        ARRAY(SELECT t.id FROM licence_tokens t
               WHERE t.issued_to = old.id AND t.membership_id IS NULL AND t.ended_at IS NULL),
        CASE WHEN new.disabled_at IS NULL THEN 'role_removed' ELSE 'client_deleted' END);
    RETURN NULL;
END
$$;

CREATE FUNCTION end_licence_tokens_of_secret() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    PERFORM end_licence_tokens(
        ARRAY(SELECT t.id FROM licence_tokens t
               WHERE t.issued_to = old.client_id AND t.membership_id IS NULL AND t.ended_at IS NULL),
        'secret_revoked');
    RETURN NULL;
END
$$;

CREATE FUNCTION end_licence_tokens_of_membership() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    PERFORM end_licence_tokens(
        ARRAY(SELECT t.id FROM licence_tokens t
               WHERE t.issued_to = old.person_id AND t.membership_id = old.id AND t.ended_at IS NULL),
        CASE WHEN tg_op = 'DELETE' THEN 'member_removed' ELSE 'role_removed' END);
    RETURN NULL;
END
$$;

CREATE FUNCTION end_licence_tokens_of_organisation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    PERFORM end_licence_tokens(
        ARRAY(SELECT t.id FROM licence_tokens t WHERE t.organisation_id = old.id AND t.ended_at IS NULL),
        'organisation_not_verified');
    RETURN NULL;
END
$$;

-- 'buyer' is the one role that carries the permission licence.token (infra.auth; a test holds the two together).
CREATE TRIGGER clients_end_licence_tokens AFTER UPDATE ON clients FOR EACH ROW
    WHEN ((old.disabled_at IS NULL AND new.disabled_at IS NOT NULL)
          OR ('buyer' = ANY (old.roles) AND NOT 'buyer' = ANY (new.roles)))
    EXECUTE FUNCTION end_licence_tokens_of_client();
CREATE TRIGGER client_secrets_deleted_end_licence_tokens AFTER DELETE ON client_secrets FOR EACH ROW
    WHEN (old.expires_at IS NULL OR old.expires_at > now())
    EXECUTE FUNCTION end_licence_tokens_of_secret();
CREATE TRIGGER client_secrets_ended_end_licence_tokens AFTER UPDATE ON client_secrets FOR EACH ROW
    WHEN ((old.expires_at IS NULL OR old.expires_at > now()) AND new.expires_at <= now())
    EXECUTE FUNCTION end_licence_tokens_of_secret();
CREATE TRIGGER memberships_deleted_end_licence_tokens AFTER DELETE ON memberships FOR EACH ROW
    EXECUTE FUNCTION end_licence_tokens_of_membership();
CREATE TRIGGER memberships_changed_end_licence_tokens AFTER UPDATE ON memberships FOR EACH ROW
    WHEN ('buyer' = ANY (old.roles) AND NOT 'buyer' = ANY (new.roles))
    EXECUTE FUNCTION end_licence_tokens_of_membership();
CREATE TRIGGER organisations_end_licence_tokens AFTER UPDATE ON organisations FOR EACH ROW
    WHEN (new.status IS DISTINCT FROM old.status AND new.status <> 'verified')
    EXECUTE FUNCTION end_licence_tokens_of_organisation();
