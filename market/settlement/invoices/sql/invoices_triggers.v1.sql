CREATE TRIGGER invoices_keep_content BEFORE UPDATE ON invoices
    FOR EACH ROW EXECUTE FUNCTION invoices_keep_content();
CREATE TRIGGER invoices_stay BEFORE DELETE OR TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
