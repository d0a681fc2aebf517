"""What the slice refuses."""

from infra.errors import Conflict
from infra.messages import Message


class TooManyEndpoints(Conflict):
    """The organisation has as many endpoints as it may."""

    slug = "too-many-webhook-endpoints"
    title = Message("There are as many webhook endpoints as there may be")


class EndpointDisabled(Conflict):
    """Nothing is sent to a disabled endpoint."""

    slug = "webhook-endpoint-disabled"
    title = Message("The webhook endpoint is disabled")
