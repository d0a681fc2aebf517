"""What the registration of resources refuses."""

from infra.errors import Conflict, Invalid
from infra.messages import Message


class ApplicationStateForbids(Conflict):
    """The status of the application does not allow it."""

    slug = "registration-application-state"
    title = Message("The status of the application does not allow this")


class ApplicationOpen(Conflict):
    """Another application for the same resource is open."""

    slug = "registration-application-open"
    title = Message("Another application is open")


class KindNotApplicable(Conflict):
    """What is registered does not allow an application of this kind."""

    slug = "registration-kind-not-applicable"
    title = Message("Not what can be applied for now")


class ContentRefused(Invalid):
    """The content does not suit the kind of application."""

    slug = "registration-content-refused"
    title = Message("The content does not suit the application")


class PartyToResource(Conflict):
    """Whoever has a part in the resource does not decide about its registration, nor objects to it."""

    slug = "registration-party"
    title = Message("A party to the resource")


class NoticeOver(Conflict):
    """There is no public notice to object to."""

    slug = "registration-notice-over"
    title = Message("The public notice is not open")


class ObjectionRepeated(Conflict):
    """The organisation has objected to this notice already."""

    slug = "registration-objection-repeated"
    title = Message("Objected already")


class ObjectionStateForbids(Conflict):
    """The objection was answered already."""

    slug = "registration-objection-state"
    title = Message("The objection was answered already")


class ConsequencesChanged(Conflict):
    """What a cancellation stops is not what was confirmed."""

    slug = "registration-consequences-changed"
    title = Message("The consequences are not those that were confirmed")
