package bitaqa.interop;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jmrtd.BACKey;
import org.jmrtd.lds.icao.MRZInfo;

/** The command line, and what is printed on the card and in the letter. */
final class Options {
  /** One way to the card: exactly one of these four is set. */
  Path image;
  int listen = -1;
  String connect;
  String reader;
  /** The program that serves an image. */
  String bitaqa = "bitaqa";

  /** Issuer folders and the applicant's record; null where not given. */
  Path trust;
  Path terminal;
  Path record;

  /** Passwords; null where the card has none. */
  String can;
  String pin;
  String puk;
  /** The three lines as one. */
  String mrz;

  /** Only roads whose names contain one of these words; empty: all. */
  final List<String> roads = new ArrayList<>();
  boolean timing;
  /** Every command and answer to standard error; for specimens only, since it holds all that is read. */
  boolean trace;
  int repeat = 20;
  int warmUp = 20;

  /** A command line that cannot be followed. */
  static final class Unusable extends Exception {
    Unusable(String message) {
      super(message);
    }
  }

  static Options parse(String[] arguments) throws Unusable, IOException {
    Options options = new Options();
    for (int i = 0; i < arguments.length; i++) {
      String flag = arguments[i];
      if (flag.equals("--timing") || flag.equals("--trace")) {
        options.timing |= flag.equals("--timing");
        options.trace |= flag.equals("--trace");
        continue;
      }
      if (i + 1 == arguments.length) {
        throw new Unusable(flag + ": a value is missing, or no such flag; README.md names them");
      }
      options.take(flag, arguments[++i]);
    }
    int ways = (options.image != null ? 1 : 0) + (options.listen >= 0 ? 1 : 0) + (options.connect != null ? 1 : 0)
        + (options.reader != null ? 1 : 0);
    if (ways != 1) {
      throw new Unusable("name the card: one of --image FILE, --listen PORT, --connect HOST:PORT, --reader NAME");
    }
    if (options.can == null && options.mrz == null) {
      throw new Unusable("name what opens the card: --print-data FILE, or --mrz-file FILE and --can DIGITS");
    }
    return options;
  }

  private void take(String flag, String value) throws Unusable, IOException {
    switch (flag) {
      case "--image" -> image = Path.of(value);
      case "--bitaqa" -> bitaqa = value;
      case "--listen" -> listen = number(flag, value);
      case "--connect" -> connect = value;
      case "--reader" -> reader = value;
      case "--trust" -> trust = Path.of(value);
      case "--terminal" -> terminal = Path.of(value);
      case "--record" -> record = Path.of(value);
      case "--can" -> can = value;
      case "--mrz-file" -> mrz = String.join("", Files.readAllLines(Path.of(value)));
      case "--print-data" -> printData(Path.of(value));
      case "--road" -> roads.add(value);
      case "--repeat" -> repeat = number(flag, value);
      case "--warm-up" -> warmUp = number(flag, value);
      default -> throw new Unusable(flag + ": no such flag; README.md names them");
    }
  }

  private static int number(String flag, String value) throws Unusable {
    try {
      int number = Integer.parseInt(value);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException error) {
      // told below
    }
    throw new Unusable(flag + " " + value + ": a number from 0 on");
  }

  /** What `bitaqa personalise --print-data FILE` leaves. */
  private void printData(Path file) throws IOException {
    JsonObject data = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    can = text(data, "can");
    pin = text(data, "pin");
    puk = text(data, "puk");
    StringBuilder lines = new StringBuilder();
    data.getAsJsonArray("mrz").forEach(line -> lines.append(line.getAsString()));
    mrz = lines.toString();
  }

  private static String text(JsonObject data, String name) {
    return data.has(name) && !data.get(name).isJsonNull() ? data.get(name).getAsString() : null;
  }

  /** The key of BAC, and of PACE by MRZ; null without an MRZ. */
  BACKey bacKey() {
    if (mrz == null) {
      return null;
    }
    MRZInfo info = new MRZInfo(mrz);
    return new BACKey(info.getDocumentNumber(), info.getDateOfBirth(), info.getDateOfExpiry());
  }
}
