package bitaqa.interop;

import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Reads a card with JMRTD and says of each thing whether it holds; see README.md of this folder. */
public final class Main {
  /** All held. */
  static final int GOOD = 0;
  /** Something did not hold. */
  static final int FAILED = 1;
  /** The command line, a file or the way to the card is of no use: nothing is said of the card. */
  static final int UNUSABLE = 2;

  private static final Logger JMRTD = Logger.getLogger("org.jmrtd");

  private Main() {}

  /**
   * `issue PORTRAIT FOLDER` makes a specimen for a foreign card; all else is in Options. Exit code: 0 all passed, 1
   * a check failed, 2 nothing could be tried.
   */
  public static void main(String[] arguments) {
    // JMRTD logs what it tries and gives up; what it comes to is told by the checks. Held in a field: a logger that
    // nobody holds forgets its level.
    JMRTD.setLevel(Level.OFF);
    int code;
    try {
      if (arguments.length == 3 && arguments[0].equals("issue")) {
        System.exit(Issuer.run(Path.of(arguments[1]), Path.of(arguments[2])));
      }
      Options options = Options.parse(arguments);
      code = options.timing ? Timing.run(options) : Reader.run(options);
    } catch (Options.Unusable unusable) {
      System.err.println("jmrtd-reader: " + unusable.getMessage());
      code = UNUSABLE;
    } catch (Exception error) {
      System.err.println("jmrtd-reader: " + Report.words(error));
      code = UNUSABLE;
    }
    System.out.flush();
    System.exit(code);
  }
}
