"""Which subscriber hears which domain event. The worker delivers them."""

from collections.abc import Sequence

from infra.events.subscribers import Subscriber
from infra.webhooks import deliveries as webhooks

SUBSCRIBERS: Sequence[Subscriber] = (webhooks.SUBSCRIBER,)
