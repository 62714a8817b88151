"""What was found in a picture sent by hand, in words."""

import pytest

from parkhub.domain.picture_uploads import UploadedPicture, UploadStatus
from parkhub.web.picture_upload_view import PictureView


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["bus"], "1 bus"),
        (["bus", "bus", "car"], "2 buses, 1 car"),
        (["motorcycle"] * 2 + ["truck"] * 3, "3 trucks, 2 motorcycles"),
        ([], "no vehicle"),
    ],
)
def test_vehicles_are_counted_in_plain_words(kinds: list[str], words: str) -> None:
    vehicles = [{"kind": kind, "box": [0, 0, 1, 1], "sure": 0.9} for kind in kinds]
    picture = UploadedPicture("a.jpg", status=UploadStatus.DONE, result={"vehicles": vehicles})
    assert PictureView(picture).words == words
