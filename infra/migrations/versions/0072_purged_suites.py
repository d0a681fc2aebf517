"""A purge takes values of the data out of the product's suites and the reports of its other revisions too."""

from infra.migrations import ddl

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Suites stay append-only, but for that."""
    ddl.install("listings/purges/purge_revisions.v3")
    ddl.grant_function("profiled_values(jsonb)")
    ddl.grant_function("without_words(jsonb, text[])")
    ddl.grant_function("checks_without_words(jsonb, text[])")
    ddl.script(
        "DROP TRIGGER quality_suites_append_only ON quality_suites;"
        " CREATE TRIGGER quality_suites_append_only BEFORE DELETE OR TRUNCATE ON quality_suites"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();"
        " CREATE TRIGGER quality_suites_kept BEFORE UPDATE ON quality_suites"
        " FOR EACH ROW EXECUTE FUNCTION keep_unless_product_purged('checks bases');"
        " DROP TRIGGER quality_reports_kept ON quality_reports;"
        " CREATE TRIGGER quality_reports_kept BEFORE UPDATE ON quality_reports"
        " FOR EACH ROW EXECUTE FUNCTION keep_unless_product_purged('checks refusals')"
    )
