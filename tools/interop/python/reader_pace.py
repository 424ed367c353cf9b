"""A card with PACE, entered by hand with the CAN."""

import os

from judge import Card, Refused, check, refuses
from reader import pace, value

CAN = os.environ["CAN"]


@check("EF.CardAccess is open to everybody")
def _():
    assert Card().send(bytes.fromhex("00B09C0000"))[0] == 0x31


@check("PACE with a wrong CAN is refused")
def _():
    wrong = f"{(int(CAN) + 1) % 10**6:06d}"
    assert isinstance(refuses(pace, Card(), wrong), Refused)


@check("PACE by hand, DG1 under AES")
def _():
    session = pace(Card(), CAN)
    session.select()
    lines = open("applicant/mrz.txt").read().split()
    assert value(session.read("0101"), "61", "5F1F").decode() == "".join(lines)
    assert session.read("0102")[0] == 0x75


@check("fingers stay closed without a terminal's certificates")
def _():
    session = pace(Card(), CAN)
    session.select()
    error = refuses(session.read, "0103")
    assert isinstance(error, Refused) and error.sw == 0x6982, error
