-- Whoever knew the former password may have got tokens by it: they end with it, in the transaction that changes it.
CREATE FUNCTION end_licence_tokens_of_password() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = @schema@, pg_temp AS $$
BEGIN
    -- Who issues a token holds a share lock on the membership: the tokens of those that were first are seen below, and
    -- those that wait find their session gone.
    PERFORM 1 FROM memberships m WHERE m.person_id = old.id ORDER BY m.id FOR UPDATE;
    PERFORM end_licence_tokens(
        ARRAY(SELECT t.id FROM licence_tokens t
               WHERE t.issued_to = old.id AND t.membership_id IS NOT NULL AND t.ended_at IS NULL),
        'password_changed');
    RETURN NULL;
END
$$;

CREATE TRIGGER people_end_licence_tokens AFTER UPDATE ON people FOR EACH ROW
    WHEN (new.password_changed_at IS DISTINCT FROM old.password_changed_at)
    EXECUTE FUNCTION end_licence_tokens_of_password();
