"""Rows for the harness: one line a check, `row<TAB>passed|failed<TAB>name<TAB>why`. And a card behind pyscard."""

import os
import traceback

from smartcard.System import readers


def check(name):
    """Runs the decorated function at once; what it raises is why the check failed."""

    def run(function):
        try:
            function()
            print(f"row\tpassed\t{name}", flush=True)
        except Exception as error:  # whatever it is, it is the finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            words = f"{type(error).__name__} {error} (line {place.lineno}: {place.line})".replace("\n", " ")
            print(f"row\tfailed\t{name}\t{words}", flush=True)
        return function

    return run


class Refused(Exception):
    """A status word other than the wanted one."""

    def __init__(self, sw):
        super().__init__(f"status word {sw:04X}")
        self.sw = sw


class Card:
    """The card in the reader that the harness names."""

    def __init__(self):
        name = os.environ["R"]
        reader = [r for r in readers() if str(r) == name][0]
        self.connection = reader.createConnection()
        self.connection.connect()

    def transmit(self, octets):
        """Data and status word."""
        data, sw1, sw2 = self.connection.transmit(list(octets))
        return bytes(data), sw1 << 8 | sw2

    def send(self, octets, wanted=0x9000):
        """Data, after a look at the status word."""
        data, sw = self.transmit(octets)
        if sw != wanted:
            raise Refused(sw)
        return data


def refuses(function, *arguments, **named):
    """Whatever it raises: it must raise."""
    try:
        function(*arguments, **named)
    except Exception as error:
        return error
    raise AssertionError("not refused")
