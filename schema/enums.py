"""The closed lists as GraphQL shows them: the models' own enums, each value with its sentence. Used by every type.

Strawberry keeps a definition on the class itself, so the models' classes are the GraphQL enums: nothing is translated.
"""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.enum import has_enum_definition

from errors import ErrorCode
from models.principal import Permission
from models.states import DeliveryState, NotificationState, Outcome, ReasonCode
from models.vocabulary import Channel, InboxMark, Priority, Role
