"""Pictures that were sent by hand, and watched folders, for pages that are shown."""

from datetime import datetime, timedelta

from pictures import jpeg

from parkhub.clients import Clients
from parkhub.db import folders, picture_uploads
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera
from parkhub.domain.folders import TimeFrom
from parkhub.domain.picture_uploads import NewPicture, PictureWish
from parkhub.services import picture_uploads as service

SPOTS = [
    {"name": f"A{at}", "polygon": [[x, 0.3], [x + 0.14, 0.3], [x + 0.14, 0.7], [x, 0.7]], "state": state, "sure": 0.9}
    for at, x, state in ((1, 0.05, "free"), (2, 0.25, "occupied"), (3, 0.45, "unknown"))
]
PLATES = [{"text": "PKH4827", "sure": 0.98, "box": [0.2, 0.4, 0.4, 0.15], "raw": ["PKH4827"]}]


async def shown(clients: Clients, account: Account, camera: Camera, now: datetime) -> dict[str, str]:
    """The paths of their pages, by name."""
    spots = await _sent(clients, account, camera, PictureWish.SPOTS, {"size": [640, 400], "spots": SPOTS}, now)
    plates = await _sent(clients, account, camera, PictureWish.PLATES, {"size": [640, 400], "plates": PLATES}, now)
    second = (await picture_uploads.list_pictures(spots))[1]
    folder = await folders.add_folder(camera.id, "/srv/cameras/north", TimeFrom.FILE, now, deletes=True)
    await folders.note_look(folder.id, now)
    await folders.note_error(folder.id, "0815.jpg: The picture is damaged or cut off.", now - timedelta(hours=3))
    page = "/console/recordings/pictures"
    return {
        "pictures": page,
        "pictures-sent": f"{page}/{spots}",
        "pictures-one": f"{page}/{spots}/{second.id}",
        "pictures-plates": f"{page}/{plates}",
        "folders": "/console/recordings/folders",
    }


async def _sent(
    clients: Clients, account: Account, camera: Camera, wish: PictureWish, result: dict[str, object], now: datetime
) -> int:
    """A picture with that result; of spots three, one with it, one that is no picture, one that waits."""
    key = f"{service.new_folder()}/a.jpg"
    await clients.pictures.put(key, jpeg(size=(640, 400)))
    found = NewPicture("north mast, 21 November.jpg", key, "image/jpeg", 640, 400)
    notes = NewPicture("notes.txt", error="This is not a JPEG, PNG or WebP picture. Send one of these.")
    sent = [notes, found, found] if wish is PictureWish.SPOTS else [found]
    upload = await picture_uploads.add_upload(account.id, camera.id, wish, sent, now)
    picture = await service.take(upload.id, now)
    assert picture is not None
    assert await service.done(picture, result, now)
    return upload.id
