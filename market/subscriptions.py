"""Which subscriber hears which domain event. The worker delivers them."""

from collections.abc import Sequence

from contracts.licences import events as licences
from infra.events.subscribers import Subscriber
from infra.webhooks import deliveries as webhooks
from listings.authorisations import events as authorisations
from listings.classification import jobs as classification
from listings.enforcement import events as enforcement
from listings.publication import events as publication
from listings.revisions import events as revisions
from listings.samples import jobs as samples
from listings.suites import events as suites

SUBSCRIBERS: Sequence[Subscriber] = (
    webhooks.SUBSCRIBER,
    *revisions.SUBSCRIBERS,
    *classification.SUBSCRIBERS,
    *samples.SUBSCRIBERS,
    *suites.SUBSCRIBERS,
    *publication.SUBSCRIBERS,
    *enforcement.SUBSCRIBERS,
    *authorisations.SUBSCRIBERS,
    *licences.SUBSCRIBERS,
)
