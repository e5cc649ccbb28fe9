"""All that concerns templates, together: built by services, asked by doors."""

import msgspec

from engines.secrets.sealer import Sealer
from engines.store.base import Store
from models.clock import Clock
from models.ids import Ids
from usecases.contents import Contents
from usecases.draft_template import DraftTemplate
from usecases.list_templates import ListTemplates
from usecases.preview_notification import Planner, PreviewNotification
from usecases.publish_template import PublishTemplate
from usecases.send_notifications import Directories


class Templating(msgspec.Struct, frozen=True, kw_only=True):
    """One of each."""

    contents: Contents
    draft: DraftTemplate
    publish: PublishTemplate
    listing: ListTemplates
    preview: PreviewNotification


def templating(
    store: Store, sealer: Sealer, directories: Directories, planner: Planner, clock: Clock, ids: Ids
) -> Templating:
    """All of them over one store."""
    templates = directories.templates
    return Templating(
        contents=Contents(sealer, directories.tenants, templates),
        draft=DraftTemplate(store, templates, clock, ids),
        publish=PublishTemplate(store, templates, clock),
        listing=ListTemplates(store, sealer),
        preview=PreviewNotification(store, sealer, directories, planner, clock, ids),
    )
