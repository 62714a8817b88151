"""Piccolo tables, private to `parkhub.db`. Checks and compound unique indexes live in the migrations.

Rows that own files (frames, spot imports, recordings, labels) restrict the deletion of what they belong to, so that no
file is left without a row that knows it.
"""

from parkhub.db.tables.accounts import (
    Account,
    AccountLink,
    AccountLot,
    ApiKey,
    RecoveryCode,
    SecondFactor,
    SignIn,
)
from parkhub.db.tables.audit import AuditEntry, AuditPlate
from parkhub.db.tables.barriers import Barrier, BarrierCall, BarrierCamera, BarrierOpening
from parkhub.db.tables.bookings import BookablePlace, Booking, BookingRules
from parkhub.db.tables.cameras import Camera
from parkhub.db.tables.counts import FrameCount
from parkhub.db.tables.drivers import Driver, DriverClaim, DriverLink, DriverSignIn, DriverStay, DriverVehicle
from parkhub.db.tables.frames import CameraLook, Frame
from parkhub.db.tables.ledger import LedgerBalance, LedgerHead, LedgerPosting, LedgerTransaction
from parkhub.db.tables.lots import Lot, OccupancySample
from parkhub.db.tables.mail import Letter
from parkhub.db.tables.passages import Passage, PlateRead
from parkhub.db.tables.payments import Payment, PaymentRefund, Quote, Receipt, StripeEvent
from parkhub.db.tables.permits import ListedPlate, Permit, PermitLot, PermitPlate
from parkhub.db.tables.recordings import Recording
from parkhub.db.tables.reports import (
    ChargeLine,
    DayClose,
    LotForecast,
    ReportFact,
    ReportHour,
    ReportPart,
    ReportReader,
    ReportStale,
)
from parkhub.db.tables.retention import DeletionLog
from parkhub.db.tables.saved_cards import CardCharge, CardFarewell, DriverCard
from parkhub.db.tables.sessions import DiscountCode, LotRules, ParkingSession, Review, SessionCode, TariffVersion
from parkhub.db.tables.spot_asks import SpotAsk
from parkhub.db.tables.spot_heads import SpotHead, SpotHeadFit
from parkhub.db.tables.spot_imports import SpotImport
from parkhub.db.tables.spot_labels import SpotLabel
from parkhub.db.tables.spot_versions import SpotVersion
from parkhub.db.tables.spots import Spot, SpotChange, SpotTrack
from parkhub.db.tables.stands import StandDay
from parkhub.db.tables.troubles import CameraTrouble

TABLES = (
    Account,
    SignIn,
    AccountLink,
    SecondFactor,
    RecoveryCode,
    ApiKey,
    Lot,
    AccountLot,
    OccupancySample,
    Camera,
    Frame,
    CameraLook,
    FrameCount,
    CameraTrouble,
    Spot,
    SpotTrack,
    SpotChange,
    Recording,
    SpotImport,
    SpotLabel,
    SpotVersion,
    SpotAsk,
    StandDay,
    SpotHead,
    SpotHeadFit,
    LedgerTransaction,
    LedgerPosting,
    LedgerHead,
    LedgerBalance,
    TariffVersion,
    LotRules,
    ParkingSession,
    DiscountCode,
    SessionCode,
    Review,
    Passage,
    PlateRead,
    AuditEntry,
    AuditPlate,
    DeletionLog,
    Permit,
    PermitLot,
    PermitPlate,
    ListedPlate,
    BookingRules,
    BookablePlace,
    Booking,
    Quote,
    Payment,
    Receipt,
    PaymentRefund,
    StripeEvent,
    Barrier,
    BarrierCamera,
    BarrierOpening,
    BarrierCall,
    Letter,
    Driver,
    DriverSignIn,
    DriverLink,
    DriverVehicle,
    DriverClaim,
    DriverStay,
    DriverCard,
    CardCharge,
    CardFarewell,
    ReportHour,
    ReportFact,
    ReportPart,
    ReportStale,
    ChargeLine,
    DayClose,
    ReportReader,
    LotForecast,
)

__all__ = [
    "TABLES",
    "Account",
    "AccountLink",
    "AccountLot",
    "ApiKey",
    "AuditEntry",
    "AuditPlate",
    "Barrier",
    "BarrierCall",
    "BarrierCamera",
    "BarrierOpening",
    "BookablePlace",
    "Booking",
    "BookingRules",
    "Camera",
    "CameraLook",
    "CameraTrouble",
    "CardCharge",
    "CardFarewell",
    "ChargeLine",
    "DayClose",
    "DeletionLog",
    "DiscountCode",
    "Driver",
    "DriverCard",
    "DriverClaim",
    "DriverLink",
    "DriverSignIn",
    "DriverStay",
    "DriverVehicle",
    "Frame",
    "FrameCount",
    "LedgerBalance",
    "LedgerHead",
    "LedgerPosting",
    "LedgerTransaction",
    "Letter",
    "ListedPlate",
    "Lot",
    "LotForecast",
    "LotRules",
    "OccupancySample",
    "ParkingSession",
    "Passage",
    "Payment",
    "PaymentRefund",
    "Permit",
    "PermitLot",
    "PermitPlate",
    "PlateRead",
    "Quote",
    "Receipt",
    "Recording",
    "RecoveryCode",
    "ReportFact",
    "ReportHour",
    "ReportPart",
    "ReportReader",
    "ReportStale",
    "Review",
    "SecondFactor",
    "SessionCode",
    "SignIn",
    "Spot",
    "SpotAsk",
    "SpotChange",
    "SpotHead",
    "SpotHeadFit",
    "SpotImport",
    "SpotLabel",
    "SpotTrack",
    "SpotVersion",
    "StandDay",
    "StripeEvent",
    "TariffVersion",
]
