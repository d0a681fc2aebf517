"""Store the axes of a product's themes, what it is offered for, and every way in which it is delivered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from infra.migrations import ddl

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_BASE = "ARRAY['population', 'legal_entities', 'geography', 'natural_resources', 'e_licences']::varchar[]"


def upgrade() -> None:
    """What there is goes on as it was: offered for every purpose of its authorisation, delivered in its one way."""
    table = "data_products"
    for name in ("theme_axes", "delivery_classes", "purposes"):
        op.add_column(table, sa.Column(name, ARRAY(sa.String()), nullable=True))
    op.execute(
        sa.text(
            "UPDATE data_products p SET delivery_classes = ARRAY[p.delivery_class]::varchar[],"
            " purposes = (SELECT a.purposes FROM authorisations a WHERE a.id = p.authorisation_id),"
            " theme_axes = ARRAY(SELECT DISTINCT CASE WHEN t = ANY ("
            + _BASE
            + ") THEN 'base' ELSE 'theme' END AS axis"
            " FROM unnest(p.themes) AS t ORDER BY axis)::varchar[]"
        )
    )
    for name in ("theme_axes", "delivery_classes", "purposes"):
        op.alter_column(table, name, nullable=False)
    op.drop_column(table, "delivery_class")
    op.create_check_constraint(
        op.f("ck_data_products_delivered_somehow"), table, "cardinality(delivery_classes) > 0"
    )
    op.create_check_constraint(
        op.f("ck_data_products_offered_for_something"), table, "cardinality(purposes) > 0"
    )
    ddl.grant("UPDATE (theme_axes, delivery_classes, purposes)", table)
