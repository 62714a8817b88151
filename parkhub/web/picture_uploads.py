"""The staff pages "Look at pictures": sending by hand, progress, results with boxes, what was sent before."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import picture_uploads as rows
from parkhub.domain.accounts import Account
from parkhub.domain.picture_uploads import PICTURES_MAX, PictureUpload, PictureWish, UploadCount
from parkhub.domain.rights import Right
from parkhub.errors import BusyError, FieldsError, NotFoundError, ParkHubError, TooLargeError
from parkhub.services import picture_uploads as service
from parkhub.services.recording_uploads import discarding
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import needs
from parkhub.web.picture_upload_form import GivenPictures, receive
from parkhub.web.picture_upload_view import WIDTH, WISHES, PictureView, UploadView
from parkhub.web.recording_form import size_words
from parkhub.web.templating import AnyRequest, page

HISTORY_MAX: Final = 50
NOTHING: Final = UploadCount(0, 0, 0)


@get("/")
async def show_form(request: AnyRequest, settings: GivenSettings) -> Template:
    """The form and what was sent before."""
    given = GivenPictures(camera=request.query_params.get("camera", ""))
    return await _form_page(request, settings.frame_bytes_max, given, {})


@post("/", request_max_body_size=None)
async def send_pictures(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings
) -> Response[Any] | Template:
    """Take pictures as they come and have them looked at; a wrong form comes back with sentences."""
    folder, given = service.new_folder(), GivenPictures()
    try:
        async with discarding(clients, folder):
            wish, camera = await receive(request, settings, clients, folder, given)
        now = datetime.now(UTC)
        upload = await service.request_looks(clients, request.user.id, wish, camera, given.pictures, now)
    except FieldsError as error:
        return await _form_page(request, settings.frame_bytes_max, given, error.fields, error.status)
    except (TooLargeError, BusyError) as error:
        return await _form_page(request, settings.frame_bytes_max, given, {"pictures": str(error)}, error.status)
    except ParkHubError as error:
        return await _form_page(request, settings.frame_bytes_max, given, {"": str(error)}, error.status)
    return _go(request, f"/console/recordings/pictures/{upload.id}")


@get("/{upload_id:int}")
async def show_upload(request: AnyRequest, upload_id: FromPath[int]) -> Template:
    """Pictures sent together: how far they are, and what was found in each."""
    return page(request, "picture_uploads/upload.html", **await _upload(request, upload_id))


@get("/{upload_id:int}/progress")
async def show_progress(request: AnyRequest, upload_id: FromPath[int]) -> Response[Any] | Template:
    """What of the page changes, asked for until all pictures have been looked at; 204 while nothing has changed."""
    shown = await _upload(request, upload_id)
    view: UploadView = shown["view"]
    if request.query_params.get("version") == view.version:
        return Response(b"", status_code=204)
    return page(request, "picture_uploads/_results.html", **shown)


async def _upload(request: AnyRequest, upload_id: int) -> dict[str, Any]:
    upload = await _visible(request.user, upload_id)
    view = await _view(upload)  # first: once it says that all have ended, nobody asks for the pictures again
    pictures = await rows.list_pictures(upload.id)
    views = [PictureView(each) for each in pictures]
    return {
        "view": view,
        "pictures": views,
        "again": sum(each.may_try_again for each in pictures),
        "alone": views[0] if len(views) == 1 and views[0].shown else None,
        "width": WIDTH,
        "kept_days": service.PLATES_KEPT.days if upload.wish is PictureWish.PLATES else 0,
    }


async def _view(upload: PictureUpload) -> UploadView:
    count = (await rows.count_pictures([upload.id])).get(upload.id, NOTHING)
    cameras = await camera_rows.list_cameras(None) if upload.camera_id is not None else []
    name = next((camera.name for camera in cameras if camera.id == upload.camera_id), "")
    return UploadView(upload, count, name)


@get("/{upload_id:int}/{picture_id:int}")
async def show_picture(request: AnyRequest, upload_id: FromPath[int], picture_id: FromPath[int]) -> Template:
    """One picture with what was found in it, and the ways to those beside it."""
    upload = await _visible(request.user, upload_id)
    ids = [each.id for each in await rows.list_pictures(upload.id)]
    picture = await rows.get_picture(upload.id, picture_id)
    at = ids.index(picture.id)
    return page(
        request,
        "picture_uploads/picture.html",
        view=await _view(upload),
        alone=PictureView(picture),
        before=ids[at - 1] if at else None,
        behind=ids[at + 1] if at + 1 < len(ids) else None,
        at=at + 1,
        width=WIDTH,
    )


async def _visible(account: Account, upload_id: int) -> PictureUpload:
    """An upload this account may see: plates, and pictures searched for them, only who may. Raises NotFoundError."""
    upload = await rows.get_upload(upload_id)
    if upload.wish is PictureWish.PLATES and not account.may(Right.SEE_PLATES):
        raise NotFoundError("There are no such pictures, or they show plates, which you may not see.")
    return upload


@post("/{upload_id:int}/again")
async def try_again(request: AnyRequest, clients: GivenClients, upload_id: FromPath[int]) -> Response[Any]:
    """Look once more at the pictures that failed."""
    await _visible(request.user, upload_id)
    await service.try_failed_again(clients, upload_id)
    return _go(request, f"/console/recordings/pictures/{upload_id}")


@post("/{upload_id:int}/delete")
async def delete_upload(request: AnyRequest, clients: GivenClients, upload_id: FromPath[int]) -> Response[Any]:
    """Delete the pictures with their results."""
    await _visible(request.user, upload_id)
    await service.delete(clients, upload_id)
    return _go(request, "/console/recordings/pictures")


@route("/{upload_id:int}/{picture_id:int}/file", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def show_file(
    request: AnyRequest, clients: GivenClients, upload_id: FromPath[int], picture_id: FromPath[int]
) -> Response[Any]:
    """A picture as it was sent. One that is to be a camera's is shown by the camera's page, to whom it may be."""
    upload = await _visible(request.user, upload_id)
    picture = await rows.get_picture(upload_id, picture_id)
    if not picture.picture_key or upload.wish is PictureWish.CAMERA:
        raise NotFoundError("This picture is not kept here.")
    return answer_file(request, clients.pictures.path(picture.picture_key), picture.media_type)


async def _form_page(
    request: AnyRequest, bytes_max: int, given: GivenPictures, wrong: dict[str, str], status_code: int = 200
) -> Template:
    account: Account = request.user
    sees = account.may(Right.SEE_PLATES)
    uploads = [each for each in await rows.list_uploads(HISTORY_MAX) if sees or each.wish is not PictureWish.PLATES]
    counts = await rows.count_pictures([each.id for each in uploads])
    cameras = await camera_rows.list_cameras(None)
    names, lots = {each.id: each.name for each in cameras}, {lot.id: lot.name for lot in await lot_rows.list_lots()}
    return page(
        request,
        "picture_uploads/index.html",
        status_code=status_code,
        given=given,
        wrong=wrong,
        wishes=[(wish.value, words) for wish, words in WISHES.items() if sees or wish is not PictureWish.PLATES],
        cameras=[("", "None"), *((each.public_id, f"{each.name}, {lots[each.lot_id]}") for each in cameras)],
        limit=size_words(bytes_max),
        most=PICTURES_MAX,
        views=[UploadView(each, counts.get(each.id, NOTHING), names.get(each.camera_id or 0, "")) for each in uploads],
    )


def _go(request: AnyRequest, target: str) -> Response[Any]:
    """On to another page, also when htmx asked."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"hx-redirect": target}, media_type="text/html")
    return Redirect(target, status_code=303)


routes = [
    Router(
        "/console/recordings/pictures",
        route_handlers=[
            show_form,
            send_pictures,
            show_upload,
            show_progress,
            try_again,
            delete_upload,
            show_picture,
            show_file,
        ],
        guards=[needs(Right.SET_UP, everywhere=True)],
        include_in_schema=False,
    )
]
