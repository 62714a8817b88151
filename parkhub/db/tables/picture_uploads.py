"""Pictures that staff send by hand."""

from piccolo.columns import JSON, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.accounts import Account
from parkhub.db.tables.cameras import Camera


class PictureUpload(Table, tablename="picture_upload"):
    """Pictures sent together; ``wish`` says what for, ``camera`` whose they are to be or whose marking is looked at."""

    id = Serial(primary_key=True)
    account = ForeignKey(Account, on_delete=OnDelete.restrict, null=False, index=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.set_null, null=True, index=True)
    wish = Text()
    created_at = Timestamptz(default=None, null=False)


class UploadedPicture(Table, tablename="uploaded_picture"):
    """One of them with what was found in it. ``picture_key`` is empty for a file that could not be taken."""

    id = Serial(primary_key=True)
    upload = ForeignKey(PictureUpload, on_delete=OnDelete.cascade, null=False, index=True)
    name = Text()
    picture_key = Text()
    media_type = Text()
    width = Integer()
    height = Integer()
    status = Text()
    error = Text()
    attempts = Integer()
    started_at = Timestamptz(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    result = JSON(default=None, null=True)
