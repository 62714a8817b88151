"""What handlers may ask for, besides what is in the request."""

from litestar.di import NamedDependency

from parkhub.clients import Clients
from parkhub.settings import Settings

GivenClients = NamedDependency[Clients]
GivenSettings = NamedDependency[Settings]
