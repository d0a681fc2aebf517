"""What the data contracts slice refuses."""

from infra.errors import Invalid
from infra.messages import Message


class ContractRefused(Invalid):
    """A file that is no data contract, or asks for what is not checked here.

    ``problems`` lists what is wrong: ``path`` within the contract, ``line`` of the file from 1 (null where it is not
    known), ``detail`` and ``remedy``.
    """

    slug = "data-contract-refused"
    title = Message("The data contract cannot be taken")
    usual_remedy = Message("Correct what is listed, and send the whole contract again.")
